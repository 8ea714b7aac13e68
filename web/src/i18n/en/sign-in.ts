export const signIn = {
  title: 'Sign in',
  welcome: 'Sign in to {host}',
  username: 'User name',
  password: 'Password',
  submit: 'Sign in',
  ldapHint: 'With your account of the directory (LDAP), or a local one.',
  withProvider: 'Sign in with {provider}',
  localInstead: 'Sign in with a local account',
  or: 'or',
  wrong:
    'The name or the password is wrong. Names are written as the administrator created them, and capitals count in passwords.',
  goesToProvider: 'This account signs in at {provider}.',
  sessionEnded: 'Your session has ended. Sign in again: you will be back where you were.',
  browsePublic: 'Look at public projects without an account',
  forgotten: 'Forgotten? An administrator can set a new one: berth user set-password NAME',
} as const
