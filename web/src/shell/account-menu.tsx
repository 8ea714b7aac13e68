import { Avatar, Menu, Text, UnstyledButton } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { useSession, useSignOut } from '../api/session.ts'
import { LogIcon, SignInIcon, SignOutIcon, UserIcon } from '../components/icons.ts'
import { LinkButton } from '../components/links.tsx'
import { toastError } from '../components/toast.ts'

export function AccountMenu() {
  const t = useTranslations('shell')
  const { user, open, isAdministrator } = useSession()
  const signOut = useSignOut()
  if (user === undefined) {
    if (open) return null
    return (
      <LinkButton to="/sign-in" size="compact-md" leftSection={<SignInIcon size={15} />}>
        {t('signIn')}
      </LinkButton>
    )
  }
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton aria-label={t('account', { name: user.username })} p={4}>
          <Avatar color="harbour" size={28} radius="xl">
            <UserIcon size={16} aria-hidden />
          </Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)" truncate>
            {user.username}
          </Text>
          {isAdministrator && t('administrator')}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item component="a" href="/api/v2.0/docs" target="_blank" leftSection={<LogIcon size={15} />}>
          {t('apiReference')}
        </Menu.Item>
        <Menu.Item leftSection={<SignOutIcon size={15} />} onClick={() => void signOut().catch(toastError)}>
          {t('signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
