import { Button, Group, Menu } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { unattended } from '../../../api/session.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { CloseIcon, JobIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { isOver, livelyMs, statusNamed, toneOf } from './run-words.ts'

type Run = RowOf<'GET /retentions/{id}/executions'>

interface RetentionRunsProps {
  readonly project: string
  readonly policyId: number
  readonly mayRun: boolean
  /** There are changes that a run would not know. */
  readonly isChanged: boolean
}

const shownRuns = 20

/** The latest runs, as they go, and the buttons that start one. */
export function RetentionRuns({ project, policyId, mayRun, isChanged }: RetentionRunsProps) {
  const t = useTranslations('policies.runs')
  const common = useTranslations('common')
  const client = useQueryClient()
  const params = { id: policyId }
  const runs = useQuery({
    ...query('GET /retentions/{id}/executions', { params, query: { page_size: shownRuns }, ...unattended }),
    refetchInterval: ({ state }) => (state.data?.some(({ status }) => !isOver(status)) ? livelyMs : false),
  })
  const start = async (dryRun: boolean) => {
    await call('POST /retentions/{id}/executions', { params, body: { dry_run: dryRun } })
    await invalidate(client, '/retentions')
    toast(t(dryRun ? 'dryStarted' : 'started'))
  }
  const dryRun = useMutation({ mutationFn: async () => await start(true), onError: toastError })
  const askToRun = () =>
    confirmDestruction({
      title: t('runTitle', { project }),
      what: t('runWhat'),
      action: t('run'),
      final: false,
      run: async () => await start(false),
    })
  const stop = useMutation({
    mutationFn: async (run: Run) => {
      await call('PATCH /retentions/{id}/executions/{eid}', {
        params: { id: policyId, eid: run.id },
        body: { action: 'stop' },
      })
      await invalidate(client, '/retentions')
    },
    onError: toastError,
  })
  const columns: readonly Column<Run>[] = [
    {
      key: 'run',
      header: t('name'),
      width: 'minmax(0, 1fr)',
      cell: ({ id, dry_run: dry }) => (
        <LinkAnchor
          to="/projects/$projectName/policies/retention/$runId"
          params={{ projectName: project, runId: String(id) }}
          fw={500}
        >
          {t(dry ? 'dryNumber' : 'number', { id: String(id) })}
        </LinkAnchor>
      ),
    },
    { key: 'status', header: t('status'), width: '6.5rem', cell: ({ status }) => <RunStatusBadge status={status} /> },
    {
      key: 'trigger',
      header: t('trigger'),
      width: '9rem',
      from: 'sm',
      cell: ({ trigger }) => t(trigger === 'SCHEDULE' ? 'bySchedule' : 'byHand'),
    },
    {
      key: 'began',
      header: t('began'),
      width: '9rem',
      from: 'sm',
      cell: ({ start_time: time }) => <RelativeTime time={time} />,
    },
    {
      key: 'ended',
      header: t('ended'),
      width: '9rem',
      from: 'md',
      cell: ({ end_time: time }) => <RelativeTime time={time} none={common('nothing')} />,
    },
  ]
  return (
    <Section
      flush
      title={t('title')}
      description={isChanged && mayRun ? t('saveFirst') : t('explanation')}
      actions={
        mayRun && (
          <Group gap="xs">
            <Button variant="default" disabled={isChanged} loading={dryRun.isPending} onClick={() => dryRun.mutate()}>
              {t('dryRun')}
            </Button>
            <Button disabled={isChanged} onClick={askToRun}>
              {t('run')}
            </Button>
          </Group>
        )
      }
    >
      <DataList
        label={t('title')}
        rows={{ ...wholeList(runs.data, runs.error), retry: () => void runs.refetch() }}
        columns={columns}
        keyOf={({ id }) => id}
        {...(mayRun && runs.data?.some(({ status }) => !isOver(status))
          ? {
              actions: (run: Run) =>
                isOver(run.status) ? null : (
                  <RowMenu name={t('number', { id: String(run.id) })}>
                    <Menu.Item leftSection={<CloseIcon size={15} />} onClick={() => stop.mutate(run)}>
                      {t('stop')}
                    </Menu.Item>
                  </RowMenu>
                ),
            }
          : {})}
        empty={<EmptyFace icon={JobIcon} title={t('none')} />}
      />
    </Section>
  )
}

export function RunStatusBadge({ status }: { readonly status: string }) {
  const t = useTranslations('policies.runs.statuses')
  const known = statusNamed(status)
  return known === undefined ? status : <StatusBadge tone={toneOf[known]}>{t(known)}</StatusBadge>
}
