import { SimpleGrid, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../../api/client.ts'
import { query } from '../../../api/queries.ts'
import { Notice } from '../../../components/notice.tsx'
import { Section } from '../../../components/page.tsx'
import { StatTile } from '../../../components/stat-tile.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { Count, Facts, RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'

type Status = AnswerOf<'GET /projects/{project_name_or_id}/proxy-cache'>

const shownDays = 7
const states = { unasked: 'unasked', answering: 'answering', failing: 'failing' } as const

/** What a proxy cache project has from its upstream, and how that does. */
export function ProxyCache({ projectName }: { readonly projectName: string }) {
  const t = useTranslations('project.proxyCache')
  const { data, error, refetch } = useQuery(
    query('GET /projects/{project_name_or_id}/proxy-cache', {
      params: { project_name_or_id: projectName },
      query: { days: shownDays },
    }),
  )
  return (
    <Section title={t('title')} description={t('description')}>
      {error !== null ? (
        <ErrorFace error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <LoadingFace lines={4} />
      ) : (
        <Stack gap="md">
          <Trouble status={data} />
          <Counts status={data} />
          <UpstreamFacts status={data} />
        </Stack>
      )}
    </Section>
  )
}

function Trouble({ status }: { readonly status: Status }) {
  const t = useTranslations('project.proxyCache')
  const { failing_since: since, failure } = status
  const isLimited = status.limit?.remaining === 0
  if (since === undefined) return null
  return (
    <Notice tone="warn" title={t(isLimited ? 'limitedTitle' : 'failingTitle', { registry: status.registry.name })}>
      {t('servedStale')} <RelativeTime time={since} />
      {failure !== undefined && ` — ${failure.code}: ${failure.message}`}
    </Notice>
  )
}

function Counts({ status: { traffic } }: { readonly status: Status }) {
  const t = useTranslations('project.proxyCache')
  const format = useFormat()
  const { hit, confirmed, stale, miss, failed, upstream } = traffic
  const fromHere = hit.requests + confirmed.requests + stale.requests
  const all = fromHere + miss.requests
  const bytesFromHere = hit.bytes + confirmed.bytes + stale.bytes
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
      <StatTile
        label={t('hits')}
        value={<Count value={fromHere} />}
        hint={all === 0 ? t('noPulls') : t('hitShare', { share: format.percent(fromHere / all) })}
      />
      <StatTile
        label={t('misses')}
        value={<Count value={miss.requests} />}
        hint={t('fetched', { size: format.size(upstream.bytes) })}
      />
      <StatTile label={t('saved')} value={format.size(bytesFromHere)} hint={t('savedHint')} />
      <StatTile
        label={t('stale')}
        value={<Count value={stale.requests} />}
        hint={t('failed', { count: failed.requests })}
      />
    </SimpleGrid>
  )
}

function UpstreamFacts({ status }: { readonly status: Status }) {
  const t = useTranslations('project.proxyCache')
  const format = useFormat()
  const { registry, state, limit, freshness, traffic } = status
  const { evicted } = traffic
  const tone = state === 'failing' ? 'bad' : state === 'answering' ? 'good' : 'neutral'
  const remaining =
    limit === undefined
      ? t('limitUnknown')
      : t('limit', {
          remaining: String(limit.remaining ?? '?'),
          total: String(limit.total ?? '?'),
          hours: String(limit.window_seconds === undefined ? '?' : Math.round(limit.window_seconds / 360) / 10),
        })
  return (
    <Facts
      facts={[
        [t('upstream'), `${registry.name} (${registry.type})`],
        [
          t('state'),
          <StatusBadge key="state" tone={tone}>
            {t(states[state])}
          </StatusBadge>,
        ],
        [t('lastAnswer'), status.answer_time && <RelativeTime key="answer" time={status.answer_time} />],
        [t('remaining'), remaining],
        [t('leftAlone'), status.retry_time && <RelativeTime key="retry" time={status.retry_time} />],
        [
          t('freshness'),
          freshness
            .map(({ pattern, seconds }) =>
              pattern === '**' ? t('freshOthers', { seconds }) : t('freshFor', { pattern, seconds }),
            )
            .join(' · '),
        ],
        [t('oldestCheck'), status.oldest_check_time && <RelativeTime key="oldest" time={status.oldest_check_time} />],
        [t('waiting'), <Count key="waiting" value={status.waiting_manifests} />],
        [t('evicted'), t('evictedCount', { count: evicted.requests, size: format.size(evicted.bytes) })],
        [t('downloads'), <Count key="downloads" value={status.downloads} />],
      ]}
    />
  )
}
