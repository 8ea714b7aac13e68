/** What went wrong and what to do next, by `Trouble` (web/src/api/api-error.ts). */
export const errors = {
  unreachable: 'The registry does not answer. Check your connection; this page tries again by itself.',
  signedOut: 'Your session has ended. Sign in again to go on where you were.',
  forbidden: 'Your account may not do this. Ask an administrator for the right.',
  notFound: 'This is no longer there. Somebody may have deleted it; load the list again.',
  conflict: 'This exists already, or was changed by somebody else meanwhile. Choose another name, or load again.',
  refused: 'The registry did not accept this. Correct it and try again.',
  precondition: 'This cannot be done as things stand.',
  tooLarge: 'This is larger than the registry accepts.',
  tooMany: 'Too many attempts. Wait a minute and try again.',
  notBuilt: 'This version of the registry cannot do this yet.',
  busy: 'The registry is busy. Wait a moment and try again.',
  failed: 'Something failed in the registry. Its log has the reason; try again, or ask an administrator.',
  said: 'The registry says: {message}',
} as const
