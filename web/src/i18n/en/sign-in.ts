export const signIn = {
  title: 'Sign in',
  welcome: 'Sign in to {host}',
  username: 'Username',
  password: 'Password',
  submit: 'Sign in',
  ldapHint: 'With your account of the directory (LDAP), or a local one.',
  withProvider: 'Sign in with {provider}',
  localInstead: 'Sign in with a local account',
  or: 'or',
  wrong:
    'The name or the password is wrong. Names are written as the administrator created them, and capitals count in passwords.',
  firstPassword:
    'The administrator still has the first password, which stands in every manual, so this account signs in on the machine of the registry only. There, run: berth user set-password admin – or open the console at http://localhost.',
  goesToProvider: 'This account signs in at {provider}.',
  sessionEnded: 'Your session has ended. Sign in again: you will be back where you were.',
  browsePublic: 'Look at public projects without an account',
  forgotten: 'Forgotten? An administrator can set a new one: berth user set-password NAME',
  onboarding: {
    title: 'Choose a username',
    text: '{provider} has let you in. This is your first time here: choose what you are called in this registry. It stands in logs and in docker login, and cannot be changed later.',
    submit: 'Go on with this name',
    invalid: '1 to 255 characters, no space around them, and none of , " ~ # % $ : \\',
    taken:
      '{name} belongs to another account here. Choose another name; if that account is yours, ask an administrator.',
    expired: 'This sign-in began more than ten minutes ago, or in another browser. Begin again: it takes one click.',
    disabled: 'This account is disabled here. Ask an administrator to enable it.',
    again: 'Sign in again',
  },
} as const
