import { Button, Menu, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import {
  AddIcon,
  DeleteIcon,
  EditIcon,
  ForbiddenIcon,
  LogIcon,
  PlayIcon,
  SuccessIcon,
  WebhookIcon,
} from '../../../components/icons.ts'
import { LinkMenuItem } from '../../../components/link-menu-item.tsx'
import { LinkAnchor } from '../../../components/links.tsx'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { ProjectFrame, type ProjectPageProps } from '../project-frame.tsx'
import { WebhookForm } from './webhook-form.tsx'
import { useWebhookWords, type Webhook } from './webhook-words.ts'

const route = getRouteApi('/shell/signed-in/projects/$projectName/webhooks')

export function WebhooksPage() {
  const { projectName } = route.useParams()
  return (
    <ProjectFrame projectName={projectName} tab="webhooks">
      {(props) => <Webhooks {...props} />}
    </ProjectFrame>
  )
}

function Webhooks({ project, can }: ProjectPageProps) {
  const t = useTranslations('webhooks')
  const [edited, setEdited] = useState<Webhook | 'new'>()
  const rows = usePagedRows('GET /projects/{project_name_or_id}/webhook/policies', {
    params: { project_name_or_id: project.name },
    query: {},
  })
  const newButton = can('notification-policy', 'create') && (
    <Button variant="default" leftSection={<AddIcon size={15} />} onClick={() => setEdited('new')}>
      {t('new')}
    </Button>
  )
  return (
    <Section flush actions={newButton}>
      <DataList
        label={t('title')}
        rows={rows}
        columns={useColumns(project.name)}
        keyOf={({ id }) => id}
        below={({ targets }) => targets.map(({ address }) => address).join(', ')}
        actions={(webhook) => (
          <WebhookMenu project={project.name} webhook={webhook} can={can} onEdit={() => setEdited(webhook)} />
        )}
        empty={
          <EmptyFace icon={WebhookIcon} title={t('noneTitle')}>
            {t('noneText')}
          </EmptyFace>
        }
      />
      {edited !== undefined && (
        <WebhookForm
          project={project.name}
          {...(edited === 'new' ? {} : { webhook: edited })}
          onClose={() => setEdited(undefined)}
        />
      )}
    </Section>
  )
}

function useColumns(project: string): readonly Column<Webhook>[] {
  const t = useTranslations('webhooks')
  const words = useWebhookWords()
  const last = useQuery(
    query('GET /projects/{project_name_or_id}/webhook/lasttrigger', { params: { project_name_or_id: project } }),
  )
  const lastOf = ({ name }: Webhook) =>
    last.data
      ?.filter(({ policy_name: policy }) => policy === name)
      .map(({ last_trigger_time: time }) => time)
      .toSorted()
      .at(-1)
  return [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(9rem, 1fr)',
      cell: ({ id, name }) => (
        <LinkAnchor
          to="/projects/$projectName/webhooks/$webhookId"
          params={{ projectName: project, webhookId: String(id) }}
        >
          {name}
        </LinkAnchor>
      ),
    },
    {
      key: 'target',
      header: t('target'),
      width: 'minmax(0, 2fr)',
      from: 'sm',
      cell: ({ targets }) => (
        <Text size="sm" truncate>
          {targets.map(({ type, address }) => `${words.type(type)} · ${address}`).join(', ')}
        </Text>
      ),
    },
    {
      key: 'events',
      header: t('about'),
      width: 'minmax(0, 2fr)',
      from: 'md',
      cell: ({ event_types: types }) => (
        <Text size="sm" truncate title={types.map(words.event).join(', ')}>
          {types.map(words.event).join(', ')}
        </Text>
      ),
    },
    {
      key: 'last',
      header: t('last'),
      width: '9rem',
      from: 'md',
      cell: (webhook) => <RelativeTime time={lastOf(webhook)} none={t('never')} />,
    },
    {
      key: 'state',
      header: t('state'),
      width: '7rem',
      cell: ({ enabled }) => (
        <StatusBadge tone={enabled ? 'good' : 'neutral'}>{t(enabled ? 'enabled' : 'disabled')}</StatusBadge>
      ),
    },
  ]
}

interface WebhookMenuProps extends Pick<ProjectPageProps, 'can'> {
  readonly project: string
  readonly webhook: Webhook
  onEdit(): void
}

function WebhookMenu({ project, webhook, can, onEdit }: WebhookMenuProps) {
  const t = useTranslations('webhooks')
  const common = useTranslations('common')
  const client = useQueryClient()
  const params = { project_name_or_id: project, webhook_policy_id: webhook.id }
  const { name, enabled } = webhook
  const does = (work: () => Promise<unknown>, said: string) =>
    void work()
      .then(async () => {
        toast(said)
        await invalidate(client, '/projects')
      })
      .catch(toastError)
  const setEnabled = () =>
    does(
      async () =>
        await call('PUT /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}', {
          params,
          body: { ...webhook, enabled: !enabled },
        }),
      common('saved'),
    )
  const test = () =>
    does(
      async () =>
        await call('POST /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/test', { params }),
      t('tested', { name }),
    )
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}', { params })
        await invalidate(client, '/projects')
        toast(t('deleted', { name }))
      },
    })
  return (
    <RowMenu name={name}>
      <LinkMenuItem
        to="/projects/$projectName/webhooks/$webhookId"
        params={{ projectName: project, webhookId: String(webhook.id) }}
        leftSection={<LogIcon size={15} />}
      >
        {t('deliveries')}
      </LinkMenuItem>
      {can('notification-policy', 'update') && (
        <>
          <Menu.Item leftSection={<PlayIcon size={15} />} onClick={test}>
            {t('test')}
          </Menu.Item>
          <Menu.Item leftSection={<EditIcon size={15} />} onClick={onEdit}>
            {common('edit')}
          </Menu.Item>
          <Menu.Item
            leftSection={enabled ? <ForbiddenIcon size={15} /> : <SuccessIcon size={15} />}
            onClick={setEnabled}
          >
            {t(enabled ? 'disable' : 'enable')}
          </Menu.Item>
        </>
      )}
      {can('notification-policy', 'delete') && (
        <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
          {common('delete')}
        </Menu.Item>
      )}
    </RowMenu>
  )
}
