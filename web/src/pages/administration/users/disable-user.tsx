import { Menu } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { ForbiddenIcon, SuccessIcon } from '../../../components/icons.ts'
import { toast, toastError } from '../../../components/toast.ts'

type User = RowOf<'GET /users'>

/** Ends an account without deleting it, and lets it in again. */
export function DisableUserItem({ user: { user_id: userId, username, disabled = false } }: { readonly user: User }) {
  const t = useTranslations('accounts.users')
  const client = useQueryClient()
  const set = async (flag: boolean) => {
    await call('PUT /users/{user_id}/disabled', { params: { user_id: userId }, body: { disabled: flag } })
    await invalidate(client, '/users')
    toast(t(flag ? 'disabledToast' : 'enabledToast', { name: username }))
  }
  const ask = () =>
    confirmDestruction({
      title: t('disableTitle', { name: username }),
      what: t('disableWhat'),
      action: t('disable'),
      final: false,
      run: async () => await set(true),
    })
  return disabled ? (
    <Menu.Item leftSection={<SuccessIcon size={15} />} onClick={() => void set(false).catch(toastError)}>
      {t('enable')}
    </Menu.Item>
  ) : (
    <Menu.Item leftSection={<ForbiddenIcon size={15} />} onClick={ask}>
      {t('disable')}
    </Menu.Item>
  )
}
