import type { QueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import { useSession } from '../../../api/session.ts'
import type { Bulk, BulkAction } from '../../../components/bulk.ts'
import { AuthenticationIcon, DeleteIcon, ForbiddenIcon, SuccessIcon } from '../../../components/icons.ts'

type User = RowOf<'GET /users'>

/** What an administrator can do to chosen people. */
export function useBulkUsers(of: string): Bulk<User> {
  const t = useTranslations('accounts.users')
  const common = useTranslations('common')
  const { user: me } = useSession()
  const about = {
    itemOf: ({ user_id: id }: User) => id,
    after: async (client: QueryClient) => await invalidate(client, '/users'),
  }
  const setAdministrator = (flag: boolean): BulkAction<User> => ({
    ...about,
    key: flag ? 'promote' : 'demote',
    label: t(flag ? 'makeAdministrator' : 'makeUser'),
    icon: AuthenticationIcon,
    title: (count) => t(flag ? 'bulk.makeTitle' : 'bulk.makeUserTitle', { count }),
    what: flag ? t('bulk.makeWhat') : undefined,
    send: async (items) =>
      await call('POST /batch/set-users-sysadmin', { body: { items: items.map(Number), sysadmin_flag: flag } }),
    done: (count) => t('bulk.changed', { count }),
  })
  const setDisabled = (disabled: boolean): BulkAction<User> => ({
    ...about,
    key: disabled ? 'disable' : 'enable',
    label: t(disabled ? 'disable' : 'enable'),
    icon: disabled ? ForbiddenIcon : SuccessIcon,
    title: (count) => t(disabled ? 'bulk.disableTitle' : 'bulk.enableTitle', { count }),
    what: t(disabled ? 'bulk.disableWhat' : 'bulk.enableWhat'),
    send: async (items) =>
      await call('POST /batch/set-users-disabled', { body: { items: items.map(Number), disabled } }),
    done: (count) => t(disabled ? 'bulk.disabled' : 'bulk.enabled', { count }),
  })
  return {
    of,
    nameOf: ({ username }) => username,
    // Nobody locks themselves out, and the first account is the way back in.
    canChoose: ({ user_id: id }) => id !== me?.user_id && id !== 1,
    actions: [
      setAdministrator(true),
      setAdministrator(false),
      setDisabled(true),
      setDisabled(false),
      {
        ...about,
        key: 'delete',
        label: common('delete'),
        icon: DeleteIcon,
        danger: true,
        final: true,
        title: (count) => t('bulk.deleteTitle', { count }),
        what: t('deleteWhat'),
        typed: (count) => String(count),
        send: async (items) => await call('POST /batch/delete-users', { body: { items: items.map(Number) } }),
        done: (count) => t('bulk.deleted', { count }),
      },
    ],
  }
}
