import type { QueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import type { Bulk, BulkAction } from '../../../components/bulk.ts'
import { DeleteIcon, ForbiddenIcon, SuccessIcon } from '../../../components/icons.ts'

type Robot = RowOf<'GET /robots'>

/** What can be done to chosen robots, of a project or of the registry. */
export function useBulkRobots(of: string, can: (resource: string, action: string) => boolean): Bulk<Robot> {
  const t = useTranslations('robots')
  const common = useTranslations('common')
  const about = {
    itemOf: ({ id }: Robot) => id,
    after: async (client: QueryClient) => await invalidate(client, '/robots'),
  }
  const setDisabled = (disabled: boolean): BulkAction<Robot> => ({
    ...about,
    key: disabled ? 'disable' : 'enable',
    label: t(disabled ? 'disable' : 'enable'),
    icon: disabled ? ForbiddenIcon : SuccessIcon,
    title: (count) => t(disabled ? 'bulk.disableTitle' : 'bulk.enableTitle', { count }),
    what: t(disabled ? 'bulk.disableWhat' : 'bulk.enableWhat'),
    send: async (items) =>
      await call('POST /batch/set-robots-disabled', { body: { items: items.map(Number), disabled } }),
    done: (count) => t(disabled ? 'bulk.disabled' : 'bulk.enabled', { count }),
  })
  const remove: BulkAction<Robot> = {
    ...about,
    key: 'delete',
    label: common('delete'),
    icon: DeleteIcon,
    danger: true,
    final: true,
    title: (count) => t('bulk.deleteTitle', { count }),
    what: t('deleteWhat'),
    send: async (items) => await call('POST /batch/delete-robots', { body: { items: items.map(Number) } }),
    done: (count) => t('bulk.deleted', { count }),
  }
  return {
    of,
    nameOf: ({ name }) => name,
    actions: [
      ...(can('robot', 'update') ? [setDisabled(true), setDisabled(false)] : []),
      ...(can('robot', 'delete') ? [remove] : []),
    ],
  }
}
