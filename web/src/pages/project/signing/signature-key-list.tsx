import { Button, Menu, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { copyText } from '../../../components/copy-text.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { AddIcon, CopyIcon, DeleteIcon, PolicyIcon } from '../../../components/icons.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge, type Tone } from '../../../components/values.tsx'

type Key = RowOf<'GET /projects/{project_name_or_id}/signature-keys'>

interface SignatureKeyListProps {
  readonly project: string
  readonly mayChange: boolean
}

const toneOf = {
  active: 'good',
  retired: 'neutral',
  revoked: 'bad',
  lost: 'warn',
} as const satisfies Record<Key['state'], Tone>

const collection = '/projects/{project_name_or_id}/signature-keys'

/** Keys of a project with which the registry signs. */
export function SignatureKeyList({ project, mayChange }: SignatureKeyListProps) {
  const t = useTranslations('signing')
  const client = useQueryClient()
  const [isAdding, setAdding] = useState(false)
  const params = { project_name_or_id: project }
  const { data, error } = useQuery(query(`GET ${collection}`, { params }))
  const rotate = async ({ id, name }: Key) => {
    try {
      await call(`POST ${collection}/{key_id}/rotation`, { params: { ...params, key_id: id } })
      toast(t('rotated', { name }))
    } catch (problem) {
      toastError(problem)
    }
    await invalidate(client, '/projects')
  }
  const askToRevoke = ({ id, name, version }: Key) =>
    confirmDestruction({
      title: t('revokeTitle', { name: `${name} v${version}` }),
      what: t('revokeWhat'),
      run: async () => {
        const body = { reason: t('revokedInConsole') }
        await call(`POST ${collection}/{key_id}/revocation`, { params: { ...params, key_id: id }, body })
        await invalidate(client, '/projects')
        toast(t('revoked', { name }))
      },
    })
  const columns: readonly Column<Key>[] = [
    {
      key: 'name',
      header: t('key'),
      width: 'minmax(9rem, 1fr)',
      cell: ({ name, version }) => (
        <Stack gap={0} miw={0}>
          <Text fw={500} truncate>
            {name}
          </Text>
          <Text size="xs" c="dimmed">
            {t('version', { version: String(version) })}
          </Text>
        </Stack>
      ),
    },
    {
      key: 'state',
      header: t('state'),
      width: '9rem',
      cell: ({ state }) => <StatusBadge tone={toneOf[state]}>{t(`keyStates.${state}`)}</StatusBadge>,
    },
    {
      key: 'created',
      header: t('created'),
      width: '9rem',
      from: 'sm',
      cell: ({ creation_time: time }) => <RelativeTime time={time} />,
    },
  ]
  const menuOf = (key: Key) => (
    <RowMenu name={key.name}>
      <Menu.Item leftSection={<CopyIcon size={15} />} onClick={() => void copyText(key.public_key)}>
        {t('copyPublicKey')}
      </Menu.Item>
      <Menu.Item leftSection={<CopyIcon size={15} />} onClick={() => void copyText(key.certificate)}>
        {t('copyCertificate')}
      </Menu.Item>
      {mayChange && key.state === 'active' && (
        <Menu.Item leftSection={<AddIcon size={15} />} onClick={() => void rotate(key)}>
          {t('rotate')}
        </Menu.Item>
      )}
      {mayChange && key.state !== 'revoked' && (
        <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={() => askToRevoke(key)}>
          {t('revoke')}
        </Menu.Item>
      )}
    </RowMenu>
  )
  return (
    <Section
      flush
      title={t('keysTitle')}
      description={t('keysHint')}
      actions={
        mayChange && (
          <Button variant="default" leftSection={<AddIcon size={15} />} onClick={() => setAdding(true)}>
            {t('newKey')}
          </Button>
        )
      }
    >
      <DataList
        label={t('keysTitle')}
        rows={wholeList(data, error)}
        columns={columns}
        keyOf={({ id }) => id}
        actions={menuOf}
        empty={
          <EmptyFace icon={PolicyIcon} title={t('noKeysTitle')}>
            {t('noKeysText')}
          </EmptyFace>
        }
      />
      {isAdding && <NewKey project={project} onClose={() => setAdding(false)} />}
    </Section>
  )
}

function NewKey({ project, onClose }: { readonly project: string; onClose(): void }) {
  const t = useTranslations('signing')
  const client = useQueryClient()
  const form = useForm({
    initialValues: { name: '' },
    validate: { name: (name) => (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) ? null : t('keyNameHint')) },
  })
  const create = useMutation({
    mutationFn: async ({ name }: typeof form.values) =>
      await call(`POST ${collection}`, { params: { project_name_or_id: project }, body: { name } }),
    onSuccess: async () => {
      onClose()
      toast(t('created'))
      await invalidate(client, '/projects')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t('newKey')}
      submitLabel={t('newKey')}
      pending={create.isPending}
      error={create.error}
      onSubmit={form.onSubmit((values) => create.mutate(values))}
    >
      <TextInput label={t('key')} description={t('keyNameHint')} data-autofocus {...form.getInputProps('name')} />
    </ModalForm>
  )
}
