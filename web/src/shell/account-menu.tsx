import { Menu, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useSession, useSignOut } from '../api/session.ts'
import { LogIcon, ProfileIcon, SignOutIcon, TokenIcon } from '../components/icons.ts'
import { LinkMenuItem } from '../components/link-menu-item.tsx'
import { toastError } from '../components/toast.ts'
import { AccountFace } from './account-face.tsx'

/** Loaded when somebody opens it, and open from the beginning. */
export function AccountMenu() {
  const t = useTranslations('shell')
  const name = useTranslations('navigation')
  const { user, isAdministrator } = useSession()
  const [opened, setOpened] = useState(true)
  const signOut = useSignOut()
  if (user === undefined) return null
  return (
    <Menu position="bottom-end" width={220} opened={opened} onChange={setOpened}>
      <Menu.Target>
        <AccountFace name={user.username} />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)" truncate>
            {user.username}
          </Text>
          {isAdministrator && t('administrator')}
        </Menu.Label>
        <Menu.Divider />
        <LinkMenuItem to="/profile" leftSection={<ProfileIcon size={15} />}>
          {name('profile')}
        </LinkMenuItem>
        <LinkMenuItem to="/profile/tokens" leftSection={<TokenIcon size={15} />}>
          {name('tokens')}
        </LinkMenuItem>
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
