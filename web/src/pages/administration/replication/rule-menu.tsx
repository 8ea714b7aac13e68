import { Menu } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import {
  DeleteIcon,
  DisableIcon,
  EditIcon,
  PlayIcon,
  ScanIcon,
  ScrubIcon,
  SuccessIcon,
} from '../../../components/icons.ts'
import { RowMenu } from '../../../components/row-menu.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import type { Mode, Rule } from './replication-words.ts'

/** Starts a run, and says so. */
export function useStart({ id }: Pick<Rule, 'id'>): (mode: Mode) => void {
  const t = useTranslations('replication')
  const client = useQueryClient()
  return (mode) =>
    void call('POST /replication/executions', { body: { policy_id: id, mode } })
      .then(async () => {
        toast(t('started'))
        await invalidate(client, '/replication')
      })
      .catch(toastError)
}

/** What can be done with a rule. */
export function RuleMenu({ rule, onEdit }: { readonly rule: Rule; onEdit(): void }) {
  const t = useTranslations('replication')
  const common = useTranslations('common')
  const client = useQueryClient()
  const start = useStart(rule)
  const { id, name, enabled } = rule
  const change = async (body: object) => {
    await call('PUT /replication/policies/{id}', { params: { id }, body: { ...rule, ...body } })
    await invalidate(client, '/replication')
  }
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /replication/policies/{id}', { params: { id } })
        await invalidate(client, '/replication')
        toast(t('deleted', { name }))
      },
    })
  return (
    <RowMenu name={name}>
      <Menu.Item leftSection={<PlayIcon size={15} />} disabled={enabled !== true} onClick={() => start('copy')}>
        {t('run')}
      </Menu.Item>
      <Menu.Item leftSection={<ScanIcon size={15} />} onClick={() => start('dry-run')}>
        {t('preview')}
      </Menu.Item>
      <Menu.Item leftSection={<ScrubIcon size={15} />} onClick={() => start('verify')}>
        {t('compare')}
      </Menu.Item>
      <Menu.Item leftSection={<EditIcon size={15} />} onClick={onEdit}>
        {common('edit')}
      </Menu.Item>
      <Menu.Item
        leftSection={enabled === true ? <DisableIcon size={15} /> : <SuccessIcon size={15} />}
        onClick={() => void change({ enabled: enabled !== true }).catch(toastError)}
      >
        {t(enabled === true ? 'disable' : 'enable')}
      </Menu.Item>
      <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
        {common('delete')}
      </Menu.Item>
    </RowMenu>
  )
}
