import { Button, Group, Menu, Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { isUsername } from '#contract/username.ts'
import { call, type Duty, type RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate } from '../../../api/queries.ts'
import { refreshSession, useSession } from '../../../api/session.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { AddIcon, AuthenticationIcon, DeleteIcon, TokenIcon, TrustIcon, UserIcon } from '../../../components/icons.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Page, Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { SearchField } from '../../../components/search-field.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { useBulkUsers } from './bulk-users.ts'
import { DisableUserItem } from './disable-user.tsx'
import { isStrongPassword } from './password-rule.ts'
import { RelinkUser } from './relink-user.tsx'
import { PasswordField } from '../../../components/password-field.tsx'
import { useRefusal } from '../../../components/use-refusal.ts'

type User = RowOf<'GET /users'>

const route = getRouteApi('/shell/signed-in/administration/users')

export function UsersPage() {
  const t = useTranslations('accounts.users')
  const { q, sort } = route.useSearch()
  const navigate = useNavigate({ from: '/administration/users' })
  const { user: me, system } = useSession()
  const rows = usePagedRows('GET /users', { query: { any_name: q, sort } })
  const bulk = useBulkUsers(q ?? '')
  const [creating, { open: openCreate, close: closeCreate }] = useDisclosure()
  const [reset, setReset] = useState<User>()
  const [relinked, setRelinked] = useState<User>()
  return (
    <Page
      title={t('title')}
      description={t('description')}
      guide="users"
      actions={
        system.auth_mode === 'db_auth' && (
          <Button leftSection={<AddIcon size={16} />} onClick={openCreate}>
            {t('new')}
          </Button>
        )
      }
    >
      <Section
        flush
        actions={
          <SearchField
            label={t('filter')}
            value={q ?? ''}
            onChange={(text) =>
              void navigate({ search: { ...(text === '' ? {} : { q: text }), ...(sort && { sort }) }, replace: true })
            }
          />
        }
      >
        <DataList
          label={t('title')}
          rows={rows}
          columns={useColumns()}
          keyOf={({ user_id: id }) => id}
          bulk={bulk}
          sort={sort ?? 'username'}
          onSort={(next) => void navigate({ search: { ...(q && { q }), sort: next }, replace: true })}
          below={({ email }) => email}
          actions={(user) =>
            user.user_id === me?.user_id ? null : (
              <UserMenu user={user} onReset={() => setReset(user)} onRelink={() => setRelinked(user)} />
            )
          }
          empty={<EmptyFace icon={UserIcon} title={q === undefined ? t('noneTitle') : t('noneFound', { text: q })} />}
        />
      </Section>
      <CreateUser opened={creating} onClose={closeCreate} />
      {reset !== undefined && <ResetPassword key={reset.user_id} user={reset} onClose={() => setReset(undefined)} />}
      {relinked !== undefined && (
        <RelinkUser key={relinked.user_id} user={relinked} onClose={() => setRelinked(undefined)} />
      )}
    </Page>
  )
}

function useColumns(): readonly Column<User>[] {
  const t = useTranslations('accounts.users')
  const { user: me } = useSession()
  return [
    {
      key: 'username',
      header: t('username'),
      width: 'minmax(9rem, 1.5fr)',
      sort: 'username',
      cell: ({ user_id: id, username, disabled, second_factor: secondFactor }) => (
        <Group gap="xs" wrap="nowrap" miw={0}>
          <Text fw={500} truncate>
            {username}
          </Text>
          {id === me?.user_id && <StatusBadge tone="accent">{t('yourself')}</StatusBadge>}
          {disabled && <StatusBadge tone="warn">{t('disabled')}</StatusBadge>}
          {secondFactor && <StatusBadge tone="good">{t('secondFactor')}</StatusBadge>}
        </Group>
      ),
    },
    {
      key: 'name',
      header: t('realName'),
      width: 'minmax(0, 1.2fr)',
      from: 'md',
      cell: ({ realname = '' }) => realname,
    },
    {
      key: 'email',
      header: t('email'),
      width: 'minmax(0, 1.5fr)',
      from: 'sm',
      cell: ({ email = '' }) => <span title={email}>{email}</span>,
    },
    { key: 'role', header: t('role'), width: 'minmax(6rem, 12rem)', cell: (user) => <Role user={user} /> },
    {
      key: 'created',
      header: t('created'),
      width: '9rem',
      from: 'md',
      sort: 'creation_time',
      cell: ({ creation_time: time }) => <RelativeTime time={time} />,
    },
  ]
}

function Role({ user }: { readonly user: User }) {
  const t = useTranslations('accounts.users')
  if (user.sysadmin_flag) return <StatusBadge tone="accent">{t('administrator')}</StatusBadge>
  if (user.admin_role_in_auth) return <StatusBadge tone="accent">{t('administratorByGroup')}</StatusBadge>
  if (user.duty !== undefined) return <StatusBadge tone="accent">{t(`duties.${user.duty}`)}</StatusBadge>
  return <Text c="dimmed">{t('user')}</Text>
}

interface UserMenuProps {
  readonly user: User
  onReset(): void
  onRelink(): void
}

function UserMenu({ user, onReset, onRelink }: UserMenuProps) {
  const t = useTranslations('accounts.users')
  const common = useTranslations('common')
  const client = useQueryClient()
  const { duties } = useSession()
  const { username, user_id: userId } = user
  const setAdministrator = async (flag: boolean) => {
    await call('PUT /users/{user_id}/sysadmin', { params: { user_id: userId }, body: { sysadmin_flag: flag } })
    await invalidate(client, '/users')
    toast(t(flag ? 'madeAdministrator' : 'madeUser', { name: username }))
  }
  const askToMake = () =>
    confirmDestruction({
      title: t('makeTitle', { name: username }),
      what: t('makeWhat'),
      action: t('makeAdministrator'),
      final: false,
      run: async () => await setAdministrator(true),
    })
  const askToAppoint = (duty: Duty) =>
    confirmDestruction({
      title: t('appointTitle', { name: username, duty: t(`duties.${duty}`) }),
      what: t(`appointWhat.${duty}`),
      action: t('appoint'),
      final: false,
      run: async () => {
        await call('PUT /users/{user_id}/duty', { params: { user_id: userId }, body: { duty } })
        await Promise.all([invalidate(client, '/users'), refreshSession(client)])
        toast(t('appointed', { name: username, duty: t(`duties.${duty}`) }))
      },
    })
  const askToResetSecondFactor = () =>
    confirmDestruction({
      title: t('secondFactorTitle', { name: username }),
      what: t('secondFactorWhat'),
      action: t('secondFactorReset'),
      final: false,
      run: async () => {
        await call('DELETE /users/{user_id}/second_factor', { params: { user_id: userId } })
        await invalidate(client, '/users')
        toast(t('secondFactorToast', { name: username }))
      },
    })
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name: username }),
      what: t('deleteWhat'),
      typed: username,
      run: async () => {
        await call('DELETE /users/{user_id}', { params: { user_id: userId } })
        await invalidate(client, '/users')
        toast(t('deletedToast', { name: username }))
      },
    })
  return (
    <RowMenu name={username}>
      {user.sysadmin_flag ? (
        <Menu.Item
          leftSection={<AuthenticationIcon size={15} />}
          onClick={() => void setAdministrator(false).catch(toastError)}
        >
          {t('makeUser')}
        </Menu.Item>
      ) : (
        <Menu.Item leftSection={<AuthenticationIcon size={15} />} onClick={askToMake}>
          {t('makeAdministrator')}
        </Menu.Item>
      )}
      {!user.sysadmin_flag &&
        user.duty === undefined &&
        duties.map((duty) => (
          <Menu.Item key={duty} leftSection={<TrustIcon size={15} />} onClick={() => askToAppoint(duty)}>
            {t('appointAs', { duty: t(`duties.${duty}`) })}
          </Menu.Item>
        ))}
      {user.source === 'local' ? (
        <Menu.Item leftSection={<TokenIcon size={15} />} onClick={onReset}>
          {t('resetPassword')}
        </Menu.Item>
      ) : (
        <Menu.Item leftSection={<UserIcon size={15} />} onClick={onRelink}>
          {t('relink')}
        </Menu.Item>
      )}
      {user.second_factor && (
        <Menu.Item leftSection={<TokenIcon size={15} />} onClick={askToResetSecondFactor}>
          {t('secondFactorReset')}
        </Menu.Item>
      )}
      <DisableUserItem user={user} />
      {/* The first account cannot go: it is the way back in. */}
      {userId !== 1 && (
        <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
          {common('delete')}
        </Menu.Item>
      )}
    </RowMenu>
  )
}

function CreateUser({ opened, onClose }: { readonly opened: boolean; onClose(): void }) {
  const t = useTranslations('accounts.users')
  const common = useTranslations('common')
  const client = useQueryClient()
  const form = useForm({
    initialValues: { username: '', realname: '', email: '', password: '', comment: '' },
    validate: {
      username: (name) => (isUsername(name) ? null : t('usernameInvalid')),
      realname: (name) => (name.trim() === '' ? common('required') : null),
      email: (email) => (/^\S+@\S+\.\S+$/.test(email) ? null : t('emailInvalid')),
      password: (password) => (isStrongPassword(password) ? null : t('passwordHint')),
    },
  })
  const refusal = useRefusal(form, { NAME_TAKEN: 'username', EMAIL_TAKEN: 'email' })
  const create = useMutation({
    mutationFn: async (values: typeof form.values) => {
      await call('POST /users', { body: values })
      return values.username
    },
    onError: refusal.onError,
    onSuccess: async (name) => {
      close()
      toast(t('createdToast', { name }))
      await invalidate(client, '/users')
    },
  })
  const close = () => {
    onClose()
    form.reset()
    create.reset()
  }
  return (
    <ModalForm
      opened={opened}
      onClose={close}
      title={t('new')}
      submitLabel={t('create')}
      pending={create.isPending}
      error={refusal.rest(create.error)}
      onSubmit={form.onSubmit((values) => create.mutate(values))}
    >
      <TextInput
        label={t('username')}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        data-autofocus
        {...form.getInputProps('username')}
      />
      <TextInput label={t('realName')} autoComplete="off" {...form.getInputProps('realname')} />
      <TextInput label={t('email')} type="email" autoComplete="off" {...form.getInputProps('email')} />
      <PasswordField
        label={t('password')}
        description={t('passwordHint')}
        autoComplete="new-password"
        {...form.getInputProps('password')}
      />
      <Textarea label={t('comment')} autosize minRows={2} {...form.getInputProps('comment')} />
    </ModalForm>
  )
}

function ResetPassword({ user, onClose }: { readonly user: User; onClose(): void }) {
  const t = useTranslations('accounts.users')
  const form = useForm({
    initialValues: { password: '' },
    validate: { password: (password) => (isStrongPassword(password) ? null : t('passwordHint')) },
  })
  const reset = useMutation({
    mutationFn: async ({ password }: typeof form.values) =>
      await call('PUT /users/{user_id}/password', {
        params: { user_id: user.user_id },
        body: { new_password: password },
      }),
    onSuccess: () => {
      onClose()
      toast(t('resetToast', { name: user.username }))
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t('resetTitle', { name: user.username })}
      submitLabel={t('resetPassword')}
      pending={reset.isPending}
      error={reset.error}
      onSubmit={form.onSubmit((values) => reset.mutate(values))}
    >
      <PasswordField
        label={t('newPassword')}
        description={t('passwordHint')}
        autoComplete="new-password"
        data-autofocus
        {...form.getInputProps('password')}
      />
      <Text size="sm" c="dimmed">
        {t('resetHint')}
      </Text>
    </ModalForm>
  )
}
