export const firstRun = {
  title: 'Choose a password',
  text: '{name} still has the password of every manual. Choose one that only you know; then you push the first image.',
  password: 'New password',
  again: 'Once more',
  weak: 'Not yet as it must be.',
  different: 'The two are not the same.',
  submit: 'Set the password and go on',
  rules: {
    length: '8 to 128 characters',
    cases: 'Small and capital letters',
    digit: 'A digit',
    other: 'Not the one of the manual',
  },
} as const
