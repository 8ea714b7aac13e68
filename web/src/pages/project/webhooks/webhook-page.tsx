import { ActionIcon, Button, Group, Menu, Select, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { ReloadIcon, WebhookIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { ProjectFrame, type ProjectPageProps } from '../project-frame.tsx'
import { isStatus, tones, useWebhookWords, type Delivery } from './webhook-words.ts'
import styles from './webhooks.module.css'

const route = getRouteApi('/shell/signed-in/projects/$projectName/webhooks/$webhookId')

/** What one webhook was told, and what came of it. */
export function WebhookPage() {
  const { projectName, webhookId } = route.useParams()
  return (
    <ProjectFrame projectName={projectName} tab="webhooks">
      {(props) => <Deliveries {...props} webhookId={Number(webhookId)} />}
    </ProjectFrame>
  )
}

const statuses = ['Error', 'Running', 'Pending', 'Success', 'Stopped'] as const

function Deliveries({ project, can, webhookId }: ProjectPageProps & { readonly webhookId: number }) {
  const t = useTranslations('webhooks')
  const client = useQueryClient()
  const [status, setStatus] = useState<string | null>(null)
  const params = { project_name_or_id: project.name, webhook_policy_id: webhookId }
  const webhook = useQuery(query('GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}', { params }))
  const rows = usePagedRows('GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions', {
    params,
    query: status === null ? {} : { q: `status=${status}` },
  })
  const columns = useColumns()
  const mayChange = can('notification-policy', 'update')
  const reload = async () => await invalidate(client, '/projects')
  const redeliverAll = () =>
    void call('POST /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/redeliver', { params })
      .then(async ({ deliveries }) => {
        toast(t('redelivered', { count: deliveries }))
        await reload()
      })
      .catch(toastError)
  const redeliver = ({ id }: Delivery) =>
    void call(
      'POST /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions/{execution_id}/redeliver',
      { params: { ...params, execution_id: id } },
    )
      .then(async () => {
        toast(t('redelivered', { count: 1 }))
        await reload()
      })
      .catch(toastError)
  if (webhook.error !== null) return <ErrorFace error={webhook.error} onRetry={() => void webhook.refetch()} />
  return (
    <Section
      flush
      title={webhook.data === undefined ? t('deliveries') : t('deliveriesOf', { name: webhook.data.name })}
      description={t('deliveriesHint')}
      actions={
        <Group gap="xs">
          <Select
            aria-label={t('filterStatus')}
            placeholder={t('everyStatus')}
            clearable
            data={statuses.map((value) => ({ value, label: t(`statuses.${value}`) }))}
            value={status}
            onChange={setStatus}
            w="10rem"
          />
          <ActionIcon variant="default" size="lg" aria-label={t('reload')} onClick={() => void reload()}>
            <ReloadIcon size={16} />
          </ActionIcon>
          {mayChange && (
            <Button variant="default" onClick={redeliverAll}>
              {t('redeliverAll')}
            </Button>
          )}
        </Group>
      }
    >
      <DataList
        label={t('deliveries')}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        detail={(delivery) => ({
          label: t('show', { id: String(delivery.id) }),
          content: <DeliveryDetail params={params} delivery={delivery} />,
        })}
        {...(mayChange
          ? {
              actions: (delivery: Delivery) => (
                <RowMenu name={String(delivery.id)}>
                  <Menu.Item
                    leftSection={<ReloadIcon size={15} />}
                    disabled={delivery.status === 'Pending' || delivery.status === 'Running'}
                    onClick={() => redeliver(delivery)}
                  >
                    {t('redeliver')}
                  </Menu.Item>
                </RowMenu>
              ),
            }
          : {})}
        empty={
          <EmptyFace icon={WebhookIcon} title={t('nothingSent')}>
            {t('nothingSentText')}
          </EmptyFace>
        }
      />
    </Section>
  )
}

function useColumns(): readonly Column<Delivery>[] {
  const t = useTranslations('webhooks')
  const words = useWebhookWords()
  return [
    { key: 'id', header: t('id'), width: '5rem', from: 'sm', cell: ({ id }) => id },
    {
      key: 'event',
      header: t('event'),
      width: 'minmax(9rem, 1fr)',
      cell: ({ extra_attrs: { event_type: type } }) => words.event(type),
    },
    {
      key: 'status',
      header: t('state'),
      width: '9rem',
      cell: ({ status }) =>
        isStatus(status) ? <StatusBadge tone={tones[status]}>{t(`statuses.${status}`)}</StatusBadge> : status,
    },
    {
      key: 'when',
      header: t('when'),
      width: '10rem',
      from: 'sm',
      cell: ({ start_time: time }) => <RelativeTime time={time} />,
    },
  ]
}

interface DeliveryDetailProps {
  readonly params: { readonly project_name_or_id: string; readonly webhook_policy_id: number }
  readonly delivery: Delivery
}

function DeliveryDetail({ params, delivery }: DeliveryDetailProps) {
  const t = useTranslations('webhooks')
  const log = useQuery(
    query(
      'GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions/{execution_id}/tasks/{task_id}/log',
      { params: { ...params, execution_id: delivery.id, task_id: delivery.id } },
    ),
  )
  return (
    <Stack gap="sm">
      <div>
        <Text size="sm" fw={600}>
          {t('body')}
        </Text>
        {/* It scrolls: somebody with a keyboard alone must get into it. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <pre className={styles.text} tabIndex={0} aria-label={t('body')}>
          {readable(delivery.extra_attrs.payload)}
        </pre>
      </div>
      <div>
        <Text size="sm" fw={600}>
          {t('log')}
        </Text>
        {log.error !== null ? (
          <ErrorFace error={log.error} onRetry={() => void log.refetch()} />
        ) : log.data === undefined ? (
          <LoadingFace lines={2} />
        ) : (
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          <pre className={styles.text} tabIndex={0} aria-label={t('log')}>
            {log.data === null || log.data === '' ? t('notTried') : log.data}
          </pre>
        )}
      </div>
    </Stack>
  )
}

/** JSON with its structure; any other text as it is. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
