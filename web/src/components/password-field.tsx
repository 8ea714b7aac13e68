import { PasswordInput, type PasswordInputProps } from '@mantine/core'
import { useTranslations } from 'use-intl'

/** A field for a secret, whose eye is named in the reader's language. */
export function PasswordField(props: PasswordInputProps) {
  const t = useTranslations('common')
  return <PasswordInput visibilityToggleButtonProps={{ 'aria-label': t('showSecret') }} {...props} />
}
