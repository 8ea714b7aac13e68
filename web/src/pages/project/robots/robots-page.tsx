import { Button, Menu, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import type { Credential } from '../../../components/credential-snippets.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import {
  AddIcon,
  DeleteIcon,
  EditIcon,
  ForbiddenIcon,
  PolicyIcon,
  ReloadIcon,
  RobotIcon,
  SuccessIcon,
} from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { usePermissionText } from '../../../components/permission-picker.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { SecretOnce } from '../../../components/secret-once.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge, useMinute } from '../../../components/values.tsx'
import { ProjectFrame, type ProjectPageProps } from '../project-frame.tsx'
import { RobotForm } from './robot-form.tsx'
import { TrustRules } from './trust-rules.tsx'
import { useBulkRobots } from './bulk-robots.ts'

export type Robot = RowOf<'GET /robots'>

const route = getRouteApi('/shell/signed-in/projects/$projectName/robots')

export function ProjectRobotsPage() {
  const { projectName } = route.useParams()
  return (
    <ProjectFrame projectName={projectName} tab="robots">
      {(props) => <Robots {...props} />}
    </ProjectFrame>
  )
}

type Open = { readonly what: 'form'; readonly robot?: Robot } | { readonly what: 'trust'; readonly robot: Robot }

function Robots({ project, can }: ProjectPageProps) {
  const t = useTranslations('robots')
  const common = useTranslations('common')
  const permissionText = usePermissionText()
  const [opened, setOpened] = useState<Open>()
  const [kept, setKept] = useState<{ readonly credential: Credential; readonly title: string }>()
  const rows = usePagedRows('GET /robots', { query: { q: `Level=project,ProjectID=${project.project_id}` } })
  const columns: readonly Column<Robot>[] = [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(0, 2fr)',
      cell: ({ name, description }) => (
        <div>
          <Text fw={500} truncate>
            {name}
          </Text>
          {description !== undefined && (
            <Text size="xs" c="dimmed" truncate>
              {description}
            </Text>
          )}
        </div>
      ),
    },
    {
      key: 'may',
      header: t('may'),
      width: 'minmax(8rem, 1fr)',
      from: 'sm',
      cell: ({ permissions }) => permissionText(permissions[0]?.access ?? []),
    },
    { key: 'state', header: t('state'), width: '6.5rem', cell: (robot) => <RobotState robot={robot} /> },
    {
      key: 'expires',
      header: t('expires'),
      width: '9rem',
      from: 'md',
      cell: ({ expires_at }) => (
        <RelativeTime time={expires_at < 0 ? undefined : expires_at * 1_000} none={common('neverExpires')} />
      ),
    },
    {
      key: 'created',
      header: t('created'),
      width: '9rem',
      from: 'lg',
      cell: ({ creation_time }) => <RelativeTime time={creation_time} />,
    },
  ]
  const newButton = can('robot', 'create') && (
    <Button leftSection={<AddIcon size={16} />} onClick={() => setOpened({ what: 'form' })}>
      {t('new')}
    </Button>
  )
  const showSecret = (username: string, secret: string, title: string) =>
    setKept({ credential: { username, secret }, title })
  const bulk = useBulkRobots(String(project.project_id), can)
  const mayChange = can('robot', 'update') || can('robot', 'delete')
  return (
    <Section flush description={t('explanation')} actions={rows.total === 0 ? undefined : newButton}>
      <DataList
        label={t('title')}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        bulk={bulk}
        {...(mayChange
          ? {
              actions: (robot: Robot) => (
                <RobotMenu
                  robot={robot}
                  can={can}
                  onOpen={setOpened}
                  onSecret={(secret) => showSecret(robot.name, secret, t('refreshed', { name: robot.name }))}
                />
              ),
            }
          : {})}
        empty={
          <EmptyFace icon={RobotIcon} title={t('noneTitle')} action={newButton || undefined}>
            {t('noneText')}
          </EmptyFace>
        }
      />
      {opened?.what === 'form' && (
        <RobotForm
          project={project.name}
          {...(opened.robot === undefined ? {} : { robot: opened.robot })}
          onClose={() => setOpened(undefined)}
          onCreated={({ name, secret }) => showSecret(name, secret, t('createdTitle', { name }))}
        />
      )}
      {opened?.what === 'trust' && (
        <TrustRules robot={opened.robot} mayChange={can('robot', 'update')} onClose={() => setOpened(undefined)} />
      )}
      <SecretOnce credential={kept?.credential} title={kept?.title ?? ''} onClose={() => setKept(undefined)} />
    </Section>
  )
}

const soonMs = 14 * 86_400_000

export function RobotState({ robot }: { readonly robot: Robot }) {
  const t = useTranslations('robots.states')
  const now = useMinute()
  const left = robot.expires_at < 0 ? Infinity : robot.expires_at * 1_000 - now
  if (robot.disable) return <StatusBadge tone="neutral">{t('disabled')}</StatusBadge>
  if (left <= 0) return <StatusBadge tone="bad">{t('expired')}</StatusBadge>
  if (left < soonMs) return <StatusBadge tone="warn">{t('expiresSoon')}</StatusBadge>
  return <StatusBadge tone="good">{t('active')}</StatusBadge>
}

interface RobotMenuProps extends Pick<ProjectPageProps, 'can'> {
  readonly robot: Robot
  onOpen(open: Open): void
  onSecret(secret: string): void
}

function RobotMenu({ robot, can, onOpen, onSecret }: RobotMenuProps) {
  const t = useTranslations('robots')
  const common = useTranslations('common')
  const client = useQueryClient()
  const { id, name, disable } = robot
  const params = { robot_id: id }
  const setDisabled = useMutation({
    mutationFn: async (disabled: boolean) =>
      await call('PUT /robots/{robot_id}', {
        params,
        body: {
          name,
          level: robot.level,
          description: robot.description ?? '',
          disable: disabled,
          permissions: robot.permissions,
        },
      }),
    onSuccess: async (_, disabled) => {
      await invalidate(client, '/robots')
      toast(t(disabled ? 'disabled' : 'enabled', { name }))
    },
    onError: toastError,
  })
  const askToRefresh = () =>
    confirmDestruction({
      title: t('refreshTitle', { name }),
      what: t('refreshWhat'),
      action: t('refresh'),
      run: async () => {
        const { secret = '' } = await call('PATCH /robots/{robot_id}', { params, body: {} })
        onSecret(secret)
      },
    })
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /robots/{robot_id}', { params })
        await invalidate(client, '/robots')
        toast(t('deleted', { name }))
      },
    })
  return (
    <RowMenu name={name}>
      {can('robot', 'update') && (
        <>
          <Menu.Item leftSection={<EditIcon size={15} />} onClick={() => onOpen({ what: 'form', robot })}>
            {common('edit')}
          </Menu.Item>
          <Menu.Item leftSection={<ReloadIcon size={15} />} onClick={askToRefresh}>
            {t('refresh')}
          </Menu.Item>
          <Menu.Item leftSection={<PolicyIcon size={15} />} onClick={() => onOpen({ what: 'trust', robot })}>
            {t('trust.title')}
          </Menu.Item>
          <Menu.Item
            leftSection={disable ? <SuccessIcon size={15} /> : <ForbiddenIcon size={15} />}
            onClick={() => setDisabled.mutate(!disable)}
          >
            {t(disable ? 'enable' : 'disable')}
          </Menu.Item>
        </>
      )}
      {can('robot', 'delete') && (
        <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
          {common('delete')}
        </Menu.Item>
      )}
    </RowMenu>
  )
}
