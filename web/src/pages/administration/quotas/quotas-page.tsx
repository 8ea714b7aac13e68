import { Menu, Progress, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate } from '../../../api/queries.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { EditIcon, QuotaIcon, ReloadIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Page, Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { parseSize, useFormat } from '../../../i18n/format.ts'

type Quota = RowOf<'GET /quotas'>

const usedOf = ({ used }: Quota): number => used['storage'] ?? 0
/** -1: none. */
const limitOf = ({ hard }: Quota): number => hard['storage'] ?? -1

/** What projects use of what they may. */
export function QuotasPage() {
  const t = useTranslations('system.quotas')
  const common = useTranslations('common')
  const format = useFormat()
  const [sort, setSort] = useState('-used.storage')
  const [edited, setEdited] = useState<Quota>()
  const rows = usePagedRows('GET /quotas', { query: { sort } })
  const columns: readonly Column<Quota>[] = [
    {
      key: 'project',
      header: t('project'),
      width: 'minmax(8rem, 1.5fr)',
      cell: ({ ref: { name } }) => (
        <LinkAnchor to="/projects/$projectName" params={{ projectName: name }} fw={500} c="inherit" truncate>
          {name}
        </LinkAnchor>
      ),
    },
    { key: 'owner', header: t('owner'), width: '9rem', from: 'md', cell: ({ ref }) => ref.owner_name },
    {
      key: 'used',
      header: t('used'),
      width: 'minmax(9rem, 2fr)',
      sort: 'used.storage',
      cell: (quota) => <Usage quota={quota} />,
    },
    {
      key: 'limit',
      header: t('limit'),
      width: '8rem',
      from: 'sm',
      align: 'end',
      sort: 'hard.storage',
      cell: (quota) => (limitOf(quota) < 0 ? common('unlimited') : format.size(limitOf(quota))),
    },
  ]
  return (
    <Page title={t('title')} description={t('description')} guide="quotas">
      <Section flush>
        <DataList
          label={t('title')}
          rows={rows}
          columns={columns}
          keyOf={({ id }) => id}
          sort={sort}
          onSort={setSort}
          actions={(quota) => <QuotaMenu quota={quota} onEdit={() => setEdited(quota)} />}
          empty={<EmptyFace icon={QuotaIcon} title={t('noneTitle')} />}
        />
      </Section>
      {edited !== undefined && <LimitForm key={edited.id} quota={edited} onClose={() => setEdited(undefined)} />}
    </Page>
  )
}

function Usage({ quota }: { readonly quota: Quota }) {
  const t = useTranslations('system.quotas')
  const format = useFormat()
  const [used, limit] = [usedOf(quota), limitOf(quota)]
  if (limit < 0) return <span>{format.size(used)}</span>
  const share = limit === 0 ? 1 : used / limit
  return (
    <Stack gap={4} flex={1} maw={320}>
      <Text size="sm">{t('ofLimit', { used: format.size(used), limit: format.size(limit) })}</Text>
      <Progress
        value={Math.min(1, share) * 100}
        size="sm"
        color={share >= 1 ? 'red' : share >= 0.85 ? 'yellow' : 'harbour'}
        aria-label={t('usage', { name: quota.ref.name })}
      />
    </Stack>
  )
}

function QuotaMenu({ quota, onEdit }: { readonly quota: Quota; onEdit(): void }) {
  const t = useTranslations('system.quotas')
  const format = useFormat()
  const client = useQueryClient()
  const { name } = quota.ref
  const recount = async () => {
    const { storage } = await call('POST /quotas/{id}/recount', { params: { id: quota.id } })
    await invalidate(client, '/quotas')
    toast(t('recounted', { name, size: format.size(storage) }))
  }
  return (
    <RowMenu name={name}>
      <Menu.Item leftSection={<EditIcon size={15} />} onClick={onEdit}>
        {t('edit')}
      </Menu.Item>
      <Menu.Item leftSection={<ReloadIcon size={15} />} onClick={() => void recount().catch(toastError)}>
        {t('recount')}
      </Menu.Item>
    </RowMenu>
  )
}

function LimitForm({ quota, onClose }: { readonly quota: Quota; onClose(): void }) {
  const t = useTranslations('system.quotas')
  const common = useTranslations('common')
  const format = useFormat()
  const client = useQueryClient()
  const example = format.size(50 * 1024 ** 3)
  const form = useForm({
    initialValues: { limit: limitOf(quota) < 0 ? '' : format.size(limitOf(quota)) },
    validate: { limit: (text) => (text === '' || parseSize(text) ? null : t('limitInvalid', { example })) },
  })
  const save = useMutation({
    mutationFn: async ({ limit }: typeof form.values) => {
      const storage = limit === '' ? -1 : (parseSize(limit) ?? -1)
      await call('PUT /quotas/{id}', { params: { id: quota.id }, body: { hard: { storage } } })
    },
    onSuccess: async () => {
      onClose()
      toast(common('saved'))
      await invalidate(client, '/quotas', '/projects')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t('editTitle', { name: quota.ref.name })}
      submitLabel={common('save')}
      pending={save.isPending}
      error={save.error}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <TextInput
        label={t('limit')}
        description={t('limitHint')}
        placeholder={example}
        data-autofocus
        {...form.getInputProps('limit')}
      />
    </ModalForm>
  )
}
