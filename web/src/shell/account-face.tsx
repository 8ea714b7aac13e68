import { ThemeIcon, UnstyledButton } from '@mantine/core'
import type { ComponentPropsWithRef } from 'react'
import { useTranslations } from 'use-intl'
import { UserIcon } from '../components/icons.ts'

type AccountFaceProps = Omit<ComponentPropsWithRef<'button'>, 'style'> & { readonly name: string }

export function AccountFace({ name, ...button }: AccountFaceProps) {
  const t = useTranslations('shell')
  return (
    <UnstyledButton aria-label={t('account', { name })} aria-haspopup="menu" p={4} {...button}>
      <ThemeIcon variant="light" radius="xl" size={28}>
        <UserIcon size={16} aria-hidden />
      </ThemeIcon>
    </UnstyledButton>
  )
}
