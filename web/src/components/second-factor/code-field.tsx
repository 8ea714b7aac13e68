import { TextInput, type TextInputProps } from '@mantine/core'

/** For a code of an authenticator app, which browsers and telephones offer to fill in, or a recovery code. */
export function CodeField(props: TextInputProps) {
  return (
    <TextInput
      autoComplete="one-time-code"
      autoCapitalize="characters"
      spellCheck={false}
      inputMode="text"
      maxLength={40}
      styles={{ input: { fontVariantNumeric: 'tabular-nums', letterSpacing: '0.08em' } }}
      {...props}
    />
  )
}
