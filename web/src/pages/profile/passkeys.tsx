import { Button, Menu, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../api/client.ts'
import { createPasskey, mayUsePasskeys, wasPutAway } from '../../api/passkeys.ts'
import { invalidate, query } from '../../api/queries.ts'
import { confirmDestruction } from '../../components/confirm.ts'
import { DataList, wholeList, type Column } from '../../components/data-list.tsx'
import { AddIcon, AuthenticationIcon, DeleteIcon } from '../../components/icons.ts'
import { ModalForm } from '../../components/modal-form.tsx'
import { Section } from '../../components/page.tsx'
import { RowMenu } from '../../components/row-menu.tsx'
import { EmptyFace } from '../../components/states.tsx'
import { toast } from '../../components/toast.ts'
import { RelativeTime } from '../../components/values.tsx'

type Passkey = RowOf<'GET /users/current/passkeys'>

const path = '/users/current/passkeys'

/** Keys in telephones and computers of who is here, which sign in without a password. */
export function Passkeys() {
  const t = useTranslations('secondFactor.passkeys')
  const { data, error } = useQuery(query('GET /users/current/passkeys'))
  const [adding, setAdding] = useState(false)
  const columns: readonly Column<Passkey>[] = [
    { key: 'name', header: t('name'), width: 'minmax(8rem, 1.5fr)', cell: ({ name }) => <Text fw={500}>{name}</Text> },
    { key: 'host', header: t('host'), width: 'minmax(6rem, 1fr)', from: 'md', cell: ({ host }) => host },
    {
      key: 'created',
      header: t('created'),
      width: '9rem',
      from: 'sm',
      cell: ({ creation_time: time }) => <RelativeTime time={time} />,
    },
    {
      key: 'used',
      header: t('used'),
      width: '9rem',
      cell: ({ last_used_at: time }) => <RelativeTime time={time} />,
    },
  ]
  const add = mayUsePasskeys() ? (
    <Button variant="default" leftSection={<AddIcon size={15} />} onClick={() => setAdding(true)}>
      {t('add')}
    </Button>
  ) : undefined
  return (
    <Section flush title={t('title')} description={mayUsePasskeys() ? t('hint') : t('notHere')} actions={add}>
      <DataList
        label={t('title')}
        rows={wholeList(data, error)}
        columns={columns}
        keyOf={({ id }) => id}
        actions={(passkey) => <PasskeyMenu passkey={passkey} />}
        empty={<EmptyFace icon={AuthenticationIcon} title={t('none')} />}
      />
      {adding && <AddPasskey onClose={() => setAdding(false)} />}
    </Section>
  )
}

function PasskeyMenu({ passkey: { id, name } }: { readonly passkey: Passkey }) {
  const t = useTranslations('secondFactor.passkeys')
  const common = useTranslations('common')
  const client = useQueryClient()
  const ask = () =>
    confirmDestruction({
      title: t('deleteTitle', { name }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /users/current/passkeys/{passkey_id}', { params: { passkey_id: id } })
        await invalidate(client, path)
        toast(t('deleted', { name }))
      },
    })
  return (
    <RowMenu name={name}>
      <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={ask}>
        {common('delete')}
      </Menu.Item>
    </RowMenu>
  )
}

function AddPasskey({ onClose }: { onClose(): void }) {
  const t = useTranslations('secondFactor.passkeys')
  const common = useTranslations('common')
  const client = useQueryClient()
  const form = useForm({
    initialValues: { name: '' },
    validate: { name: (name) => (name.trim() === '' ? common('required') : null) },
  })
  const create = useMutation({
    mutationFn: async ({ name }: typeof form.values) => await createPasskey(name.trim()),
    onSuccess: async () => {
      onClose()
      toast(t('added'))
      await invalidate(client, path)
    },
  })
  return (
    <ModalForm
      opened
      title={t('add')}
      submitLabel={t('goOn')}
      pending={create.isPending}
      error={wasPutAway(create.error) ? null : create.error}
      onClose={onClose}
      onSubmit={form.onSubmit((values) => create.mutate(values))}
    >
      <Text size="sm">{t('addText')}</Text>
      <TextInput
        label={t('name')}
        description={t('nameHint')}
        autoComplete="off"
        maxLength={64}
        data-autofocus
        {...form.getInputProps('name')}
      />
    </ModalForm>
  )
}
