import { Button, Menu, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import type { Credential } from '../../../components/credential-snippets.ts'
import { AddIcon, DeleteIcon, EditIcon, PauseIcon, PlayIcon, RobotIcon, TokenIcon } from '../../../components/icons.ts'
import { Page, Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { SearchField } from '../../../components/search-field.tsx'
import { SecretOnce } from '../../../components/secret-once.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge, useMinute } from '../../../components/values.tsx'
import { useBulkRobots } from '../../project/robots/bulk-robots.ts'
import { RobotForm } from './robot-form.tsx'
import { everyProject, type Robot } from './robot-scopes.ts'

/** The registry's own robots. */
export function RobotsPage() {
  const t = useTranslations('systemRobots')
  const [name, setName] = useState('')
  const [edited, setEdited] = useState<Robot | 'new'>()
  const [credential, setCredential] = useState<Credential>()
  const rows = usePagedRows('GET /robots', {
    query: { q: name === '' ? 'Level=system' : `Level=system,name=~${encodeURIComponent(name)}` },
  })
  const bulk = useBulkRobots(name, () => true)
  const newButton = (
    <Button leftSection={<AddIcon size={16} />} onClick={() => setEdited('new')}>
      {t('new')}
    </Button>
  )
  return (
    <Page title={t('title')} description={t('description')} guide="robots" actions={newButton}>
      <Section flush actions={<SearchField label={t('filter')} value={name} onChange={setName} />}>
        <DataList
          label={t('title')}
          rows={rows}
          columns={useColumns()}
          keyOf={({ id }) => id}
          bulk={bulk}
          below={(robot) => <ProjectsOf robot={robot} />}
          actions={(robot) => <RobotMenu robot={robot} onEdit={() => setEdited(robot)} onSecret={setCredential} />}
          empty={
            name === '' ? (
              <EmptyFace icon={RobotIcon} title={t('noneTitle')} action={newButton}>
                {t('noneText')}
              </EmptyFace>
            ) : (
              <EmptyFace icon={RobotIcon} title={t('noneFound', { text: name })} />
            )
          }
        />
      </Section>
      {edited !== undefined && (
        <RobotForm
          {...(edited === 'new' ? {} : { robot: edited })}
          onClose={() => setEdited(undefined)}
          onCreated={setCredential}
        />
      )}
      <SecretOnce
        title={t('secretTitle', { name: credential?.username ?? '' })}
        credential={credential}
        onClose={() => setCredential(undefined)}
      />
    </Page>
  )
}

function useColumns(): readonly Column<RowOf<'GET /robots'>>[] {
  const t = useTranslations('systemRobots')
  const common = useTranslations('common')
  const now = useMinute()
  return [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(5rem, 2fr)',
      cell: ({ name, description }) => (
        <Text fw={500} truncate title={description}>
          {name}
        </Text>
      ),
    },
    {
      key: 'projects',
      header: t('projects'),
      width: '9rem',
      from: 'sm',
      cell: (robot) => <ProjectsOf robot={robot} />,
    },
    {
      key: 'system',
      header: t('system'),
      width: '9rem',
      from: 'md',
      cell: ({ permissions }) =>
        t('systemCount', {
          count: permissions.filter(({ kind }) => kind === 'system').flatMap(({ access }) => access).length,
        }),
    },
    {
      key: 'expires',
      header: t('expires'),
      width: '9rem',
      from: 'sm',
      cell: ({ expires_at: seconds }) => (
        <RelativeTime time={seconds < 0 ? undefined : seconds * 1_000} none={common('neverExpires')} />
      ),
    },
    {
      key: 'state',
      header: t('state'),
      width: '7rem',
      cell: ({ disable, expires_at: seconds }) => {
        if (disable) return <StatusBadge tone="warn">{t('disabled')}</StatusBadge>
        if (seconds >= 0 && seconds * 1_000 < now) return <StatusBadge tone="bad">{t('expired')}</StatusBadge>
        return <StatusBadge tone="good">{t('enabled')}</StatusBadge>
      },
    },
  ]
}

function ProjectsOf({ robot: { permissions } }: { readonly robot: Robot }) {
  const t = useTranslations('systemRobots')
  const namespaces = permissions.filter(({ kind }) => kind === 'project').map(({ namespace }) => namespace)
  return (
    <span title={namespaces.join(', ')}>
      {namespaces.includes(everyProject) ? t('allProjects') : t('projectCount', { count: namespaces.length })}
    </span>
  )
}

interface RobotMenuProps {
  readonly robot: Robot
  onEdit(): void
  onSecret(credential: Credential): void
}

function RobotMenu({ robot, onEdit, onSecret }: RobotMenuProps) {
  const t = useTranslations('systemRobots')
  const common = useTranslations('common')
  const client = useQueryClient()
  const { id, name } = robot
  const setDisabled = async (disable: boolean) => {
    const { description, duration, level, permissions } = robot
    await call('PUT /robots/{robot_id}', {
      params: { robot_id: id },
      body: { name, level, description, duration, permissions, disable },
    })
    await invalidate(client, '/robots')
  }
  const askToRefresh = () =>
    confirmDestruction({
      title: t('refreshTitle', { name }),
      what: t('refreshWhat'),
      action: t('refresh'),
      run: async () => {
        const { secret = '' } = await call('PATCH /robots/{robot_id}', { params: { robot_id: id }, body: {} })
        onSecret({ username: name, secret })
      },
    })
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /robots/{robot_id}', { params: { robot_id: id } })
        await invalidate(client, '/robots')
        toast(t('deletedToast', { name }))
      },
    })
  return (
    <RowMenu name={name}>
      <Menu.Item leftSection={<EditIcon size={15} />} onClick={onEdit}>
        {common('edit')}
      </Menu.Item>
      <Menu.Item leftSection={<TokenIcon size={15} />} onClick={askToRefresh}>
        {t('refresh')}
      </Menu.Item>
      <Menu.Item
        leftSection={robot.disable ? <PlayIcon size={15} /> : <PauseIcon size={15} />}
        onClick={() => void setDisabled(!robot.disable).catch(toastError)}
      >
        {t(robot.disable ? 'enable' : 'disable')}
      </Menu.Item>
      <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
        {common('delete')}
      </Menu.Item>
    </RowMenu>
  )
}
