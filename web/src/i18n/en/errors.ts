/** What went wrong and what to do next: by `Reason` where the registry gives one, else by `Trouble` (web/src/api/api-error.ts). */
export const errors = {
  help: 'What to do',
  unreachable: 'The registry does not respond. Check your connection; this page retries automatically.',
  signedOut: 'Your session has expired. Sign in again to continue.',
  forbidden: 'Your account has no permission to do this. Ask an administrator for access.',
  notFound: 'This no longer exists. It may have been deleted; reload the list.',
  conflict: 'This already exists, or was changed in the meantime. Choose another name, or reload.',
  refused: 'The registry rejected this request. Correct it and try again.',
  precondition: 'This is not possible in the current state.',
  tooLarge: 'This is larger than the registry accepts.',
  tooMany: 'Too many attempts. Wait a minute and try again.',
  notBuilt: 'This version does not support this yet.',
  busy: 'The registry is busy. Wait a moment and try again.',
  failed:
    'Something went wrong. Try again; if it persists, an administrator finds the reason in the registry’s log or at the proxy.',
  said: 'The registry says: {message}',
  requestId: 'Request ID for your administrator: {id}',
  reasons: {
    NAME_TAKEN: 'This name is already in use. Choose another name.',
    EMAIL_TAKEN: 'This email address belongs to another account.',
    TAG_TAKEN: 'This tag already exists in the repository. Delete it first, or choose another tag.',
    TAGS_MOVED: 'Its tag points to another artifact now.',
    TAG_IMMUTABLE: 'The tag is immutable: a rule of the project forbids changing or deleting it.',
    TAG_PROTECTED: 'The tag is protected: only those whom a rule of the project names may set, move or delete it.',
    SIGNATURE_REFUSED: 'The signature is refused: it is forged, or of another digest than it was pushed for.',
    MEMBER_ALREADY: 'Already a member of the project. Change the role in the list instead.',
    PROJECT_NOT_EMPTY: 'The project still has repositories, or uploads in progress. Delete its repositories first.',
    LAST_ADMINISTRATOR: 'This is the last administrator. Make another user an administrator first.',
    OWN_ACCOUNT: 'This is your own account. Another administrator must do this.',
    VULNERABILITY_DATA_TOO_OLD: 'The vulnerability data is older than the settings allow. Import newer data.',
    PUSHED_MEANWHILE: 'Something was pushed to it in the meantime. Try again.',
    QUOTA_EXCEEDED:
      'The storage quota of the project is used up. Delete artifacts, or ask a system administrator for a larger quota.',
    POLICY_VIOLATION:
      'A policy of the project holds this image back: it was not scanned, or it has vulnerabilities that the project does not accept.',
    PROXY_PROJECT: 'This project is a cache of another registry; nothing is pushed into it.',
    PROXY_UNSUPPORTED: 'This is not possible in a proxy cache project. Copy the artifact into an ordinary project.',
    UPSTREAM_DENIED:
      'The registry behind this project does not let its account read this. Check the name and the account.',
    UPSTREAM_LIMITED:
      'The registry behind this project was asked too often. Cached content is still served; try later.',
    UPSTREAM_UNAVAILABLE: 'The registry behind this project cannot be used, and this is not cached. Try later.',
    SECRET_UNREADABLE:
      'A stored credential cannot be read any more: the key of the secrets is another one, or the value was changed. Enter it again, or ask a system administrator.',
    SCANNER_UNREACHABLE:
      'The scanner does not answer, or says of itself what cannot be. Check its address, its credential and that it runs.',
    READ_ONLY: 'The registry is read-only. Try again when a system administrator has ended this mode.',
    FORBIDDEN: 'Your account has no permission to do this. Ask an administrator of the project or the registry.',
    DELETE_DISABLED: 'Deleting is disabled in the configuration of this registry.',
    STORAGE_FULL: 'The storage of the registry is full. Ask a system administrator to add storage.',
    REFERENCED: 'Other artifacts or settings still use it. Remove those first.',
    SECOND_FACTOR_REQUIRED: 'The password alone is not enough: enter a code from your authenticator app.',
    SECOND_FACTOR_UNSET: 'This registry requires two-factor authentication: set it up by signing in.',
    SECOND_FACTOR_WRONG:
      'The code is wrong or was used before. Wait for the next one, and check the clock of your phone.',
    PASSWORD_TOO_SHORT: 'This password is too short for this registry. Choose a longer one.',
    PASSWORD_USED_BEFORE: 'You had this password before. Choose another one.',
    PASSWORD_EXPIRED: 'The password has expired. Sign in to the console to choose a new one.',
    PASSKEY_REFUSED: 'The passkey was not accepted. Try again, or sign in with your password.',
    PASSWORD_WRONG: 'This password is wrong.',
    STEP_UP_REQUIRED: 'A code from your authenticator app is needed for this. Try again and enter it.',
  },
} as const
