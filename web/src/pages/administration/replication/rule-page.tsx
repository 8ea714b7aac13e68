import { Button, Group, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { unattended } from '../../../api/session.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { PlayIcon, ReplicationIcon, ScanIcon, ScrubIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { Notice } from '../../../components/notice.tsx'
import { Page, Section } from '../../../components/page.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { Facts, RelativeTime, Size, StatusBadge } from '../../../components/values.tsx'
import { useCronText } from '../jobs/cron-text.ts'
import { Way } from './rules-page.tsx'
import { RuleState, useLagText } from './rule-state.tsx'
import { useStart } from './rule-menu.tsx'
import { livelyMs, toneOf, useReplicationWords, type Execution, type Rule } from './replication-words.ts'
import { useLively } from './use-lively.ts'

const route = getRouteApi('/shell/signed-in/administration/replication/$ruleId')

/** One rule: what it is about, and its runs. */
export function ReplicationRulePage() {
  const t = useTranslations('replication')
  const id = Number(route.useParams().ruleId)
  const rule = useQuery({
    ...query('GET /replication/policies/{id}', { params: { id }, ...unattended }),
    refetchInterval: 5 * livelyMs,
  })
  const above = [{ label: t('title'), to: '/administration/replication' }]
  if (rule.data !== undefined) return <ShownRule rule={rule.data} />
  return (
    <Page title={t('title')} description={t('description')} guide="replication" above={above}>
      {rule.error === null ? <LoadingFace /> : <ErrorFace error={rule.error} onRetry={() => void rule.refetch()} />}
    </Page>
  )
}

function ShownRule({ rule }: { readonly rule: Rule }) {
  const t = useTranslations('replication')
  const start = useStart(rule)
  return (
    <Page
      title={rule.name}
      description={rule.description ?? t('description')}
      guide="replication"
      above={[{ label: t('title'), to: '/administration/replication' }]}
      mark={<RuleState rule={rule} />}
      actions={
        <>
          <Button variant="default" leftSection={<ScanIcon size={15} />} onClick={() => start('dry-run')}>
            {t('preview')}
          </Button>
          <Button variant="default" leftSection={<ScrubIcon size={15} />} onClick={() => start('verify')}>
            {t('compare')}
          </Button>
          <Button leftSection={<PlayIcon size={15} />} disabled={rule.enabled !== true} onClick={() => start('copy')}>
            {t('run')}
          </Button>
        </>
      }
    >
      {rule.held_since !== undefined && <Held rule={rule} />}
      <Section>
        <RuleFacts rule={rule} />
      </Section>
      <Runs rule={rule} />
    </Page>
  )
}

/** Deletions that wait for somebody to decide. */
function Held({ rule: { id } }: { readonly rule: Rule }) {
  const t = useTranslations('replication')
  const client = useQueryClient()
  const decide = async (action: 'continue' | 'drop') => {
    const { tasks } = await call('POST /replication/policies/{id}/deletions', { params: { id }, body: { action } })
    toast(t(action === 'continue' ? 'released' : 'dropped', { count: tasks }))
    await invalidate(client, '/replication')
  }
  return (
    <Notice tone="bad" title={t('heldTitle')}>
      <Text size="sm">{t('heldText')}</Text>
      <Group gap="xs" mt="xs">
        <Button variant="default" size="compact-md" onClick={() => void decide('drop').catch(toastError)}>
          {t('drop')}
        </Button>
        <Button
          variant="default"
          size="compact-md"
          onClick={() =>
            confirmDestruction({
              title: t('continueTitle'),
              what: t('continueWhat'),
              action: t('continue'),
              run: async () => await decide('continue'),
            })
          }
        >
          {t('continue')}
        </Button>
      </Group>
    </Notice>
  )
}

function RuleFacts({ rule }: { readonly rule: Rule }) {
  const t = useTranslations('replication')
  const words = useReplicationWords()
  const cronText = useCronText()
  const lagText = useLagText()
  const { cron } = rule.trigger.trigger_settings
  const filters = (rule.filters ?? []).map(({ type, value, decoration }) => {
    const text = Array.isArray(value) ? value.join(', ') : String(value)
    return decoration === 'excludes' ? `${type} ≠ ${text}` : `${type} = ${text}`
  })
  return (
    <Facts
      facts={[
        [t('way'), <Way key="way" rule={rule} />],
        [t('trigger'), cron === undefined ? words.trigger(rule.trigger.type) : `${cronText(cron)} (UTC)`],
        [t('filters'), filters.length === 0 ? undefined : filters.join(' · ')],
        [t('namespace'), rule.dest_namespace],
        [t('lag'), rule.lag_seconds === undefined ? undefined : lagText(rule.lag_seconds)],
        [t('lagBytes'), rule.lag_bytes === undefined ? undefined : <Size key="bytes" bytes={rule.lag_bytes} />],
      ]}
    />
  )
}

function Runs({ rule }: { readonly rule: Rule }) {
  const t = useTranslations('replication')
  const rows = usePagedRows('GET /replication/executions', { query: { policy_id: rule.id } })
  const newest = rows.rowAt(0)
  useLively(newest !== undefined && newest.status === 'InProgress')
  return (
    <Section flush title={t('runs')} description={t('runsHint')}>
      <DataList
        label={t('runs')}
        rows={rows}
        columns={useColumns(rule.id)}
        keyOf={({ id }) => id}
        empty={<EmptyFace icon={ReplicationIcon} title={t('noRuns')} />}
      />
    </Section>
  )
}

function useColumns(ruleId: number): readonly Column<Execution>[] {
  const t = useTranslations('replication')
  const words = useReplicationWords()
  return [
    {
      key: 'id',
      header: t('id'),
      width: '6rem',
      cell: ({ id }) => (
        <LinkAnchor
          to="/administration/replication/$ruleId/$runId"
          params={{ ruleId: String(ruleId), runId: String(id) }}
          fw={500}
        >
          {id}
        </LinkAnchor>
      ),
    },
    { key: 'mode', header: t('mode'), width: 'minmax(7rem, 1fr)', from: 'sm', cell: ({ mode }) => words.mode(mode) },
    { key: 'by', header: t('by'), width: '8rem', from: 'md', cell: ({ trigger }) => words.startedBy(trigger) },
    {
      key: 'state',
      header: t('state'),
      width: '8rem',
      cell: ({ status }) => <StatusBadge tone={toneOf(status)}>{words.status(status)}</StatusBadge>,
    },
    {
      key: 'progress',
      header: t('progress'),
      width: 'minmax(6rem, 1fr)',
      from: 'sm',
      cell: (run) => t('tasksDone', { done: String(run.total - run.in_progress), total: String(run.total) }),
    },
    {
      key: 'when',
      header: t('when'),
      width: '9rem',
      from: 'md',
      cell: ({ start_time: time }) => <RelativeTime time={time} />,
    },
  ]
}
