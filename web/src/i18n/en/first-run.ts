export const firstRun = {
  title: 'Choose a password',
  text: '{name} still uses the default password. Choose a new one before you continue.',
  password: 'New password',
  again: 'Confirm password',
  weak: 'The password does not meet the rules below.',
  different: 'The passwords do not match.',
  submit: 'Set password and continue',
  rules: {
    length: '8 to 128 characters',
    cases: 'Upper and lower case letters',
    digit: 'A digit',
    other: 'Not the default password',
  },
} as const
