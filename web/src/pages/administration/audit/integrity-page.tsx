import { Button, SimpleGrid, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type AnswerOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { unattended } from '../../../api/session.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { download } from '../../../components/download.ts'
import { ScrubIcon, TrustIcon } from '../../../components/icons.ts'
import { Notice } from '../../../components/notice.tsx'
import { Section } from '../../../components/page.tsx'
import { StatTile } from '../../../components/stat-tile.tsx'
import { EmptyFace, ErrorFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { Count, Digest, Facts, RelativeTime, StatusBadge, useMinute } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import type { Messages } from '../../../i18n/languages.ts'
import { AuditFrame } from './audit-frame.tsx'

type Chain = AnswerOf<'GET /system/audit-log'>
type Verification = NonNullable<Chain['verification']>
type Finding = Verification['findings'][number]

/** Whether the audit log is what it was. */
export function AuditIntegrityPage() {
  const chain = useQuery({ ...query('GET /system/audit-log', unattended), refetchInterval: 5_000 })
  const { data } = chain
  return (
    <AuditFrame tab="integrity" mark={data && <State chain={data} />} actions={<Actions />}>
      {chain.error !== null && data === undefined ? (
        <ErrorFace error={chain.error} onRetry={() => void chain.refetch()} />
      ) : (
        <Tiles chain={data} />
      )}
      {data?.verification !== undefined && <Findings verification={data.verification} />}
      {data !== undefined && <ChainFacts chain={data} />}
    </AuditFrame>
  )
}

function State({ chain: { verification } }: { readonly chain: Chain }) {
  const t = useTranslations('auditChain')
  if (verification === undefined) return <StatusBadge tone="neutral">{t('unverified')}</StatusBadge>
  if (verification.finding_count > 0) return <StatusBadge tone="bad">{t('changed')}</StatusBadge>
  return <StatusBadge tone="good">{t('unchanged')}</StatusBadge>
}

function Actions() {
  const t = useTranslations('auditChain')
  const client = useQueryClient()
  const verify = useMutation({
    mutationFn: async () => await call('POST /system/audit-log/verify'),
    onSuccess: () => toast(t('verifying')),
    onError: toastError,
  })
  const sign = useMutation({
    mutationFn: async () => await call('POST /system/audit-log/checkpoints'),
    onSuccess: async (made) => {
      const file = new Blob([`${JSON.stringify(made, null, 2)}\n`], { type: 'application/json' })
      download(file, `audit-checkpoint-${made.number}.json`)
      toast(t('signed', { number: String(made.number) }))
      await invalidate(client, '/system/audit-log')
    },
    onError: toastError,
  })
  return (
    <>
      <Button
        variant="default"
        leftSection={<TrustIcon size={15} />}
        loading={sign.isPending}
        onClick={() => sign.mutate()}
      >
        {t('sign')}
      </Button>
      <Button leftSection={<ScrubIcon size={15} />} loading={verify.isPending} onClick={() => verify.mutate()}>
        {t('verify')}
      </Button>
    </>
  )
}

function Tiles({ chain }: { readonly chain: Chain | undefined }) {
  const t = useTranslations('auditChain')
  const format = useFormat()
  const now = new Date(useMinute())
  const verification = chain?.verification
  const last = chain?.last_checkpoint
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="md">
      <StatTile
        label={t('state')}
        value={chain && (verification === undefined ? t('unverified') : t(stateOf(verification)))}
        hint={verification && t('verified', { when: format.relative(new Date(verification.verified_at), now) })}
      />
      <StatTile
        label={t('sealed')}
        value={chain && <Count value={chain.sequence - chain.first_sequence + 1} />}
        hint={chain && t('sealedHint', { count: chain.unsealed })}
      />
      <StatTile
        label={t('checkpoint')}
        value={chain && (last === undefined ? t('noCheckpoint') : <RelativeTime time={last.creation_time} />)}
        hint={last && t('checkpointHint', { number: String(last.number), sequence: last.sequence })}
      />
    </SimpleGrid>
  )
}

const stateOf = ({ finding_count: count }: Verification) => (count === 0 ? 'unchanged' : 'changed')

function Findings({ verification: { findings, finding_count: count, late } }: { readonly verification: Verification }) {
  const t = useTranslations('auditChain')
  const name = useFindingName()
  const columns: readonly Column<Finding>[] = [
    {
      key: 'place',
      header: t('place'),
      width: '10rem',
      cell: ({ sequence, through }) => (through === undefined ? String(sequence) : `${sequence} – ${through}`),
    },
    { key: 'finding', header: t('finding'), width: 'minmax(0, 1fr)', cell: ({ code }) => name(code) },
  ]
  return (
    <>
      {late > 0 && <Notice tone="warn">{t('late', { count: late })}</Notice>}
      {count > 0 && (
        <>
          <Notice tone="bad" title={t('findingsTitle', { count })}>
            {t('findingsAdvice')}
          </Notice>
          <Section flush title={t('findings')}>
            <DataList
              label={t('findings')}
              rows={wholeList(findings, null)}
              columns={columns}
              keyOf={({ code, sequence }) => `${code} ${sequence}`}
              empty={<EmptyFace icon={ScrubIcon} title={t('unchanged')} />}
            />
          </Section>
          {count > findings.length && <Text c="dimmed">{t('moreFindings', { count: count - findings.length })}</Text>}
        </>
      )}
    </>
  )
}

/** What was found, in the reader's language; a word that is new here stays. */
function useFindingName(): (code: string) => string {
  const t = useTranslations('auditChain.reasons')
  const isKnown = (code: string): code is keyof Messages['auditChain']['reasons'] => t.has(code as 'tail-cut')
  return (code) => (isKnown(code) ? t(code) : code)
}

function ChainFacts({ chain }: { readonly chain: Chain }) {
  const t = useTranslations('auditChain')
  const { data: keys } = useQuery(query('GET /system/audit-log/keys'))
  const hours = chain.keep_at_least_hours
  const minimum =
    hours === undefined
      ? t('noMinimum')
      : hours % 24 === 0
        ? t('days', { count: hours / 24 })
        : t('hours', { count: hours })
  return (
    <Section title={t('facts')}>
      <Facts
        facts={[
          [t('algorithm'), chain.algorithm === '' ? undefined : chain.algorithm.toUpperCase()],
          [t('hash'), chain.hash === '' ? undefined : <Digest key="hash" digest={chain.hash} />],
          [t('first'), String(chain.first_sequence)],
          [t('keepAtLeast'), minimum],
          [
            t('keys'),
            keys?.map(({ fingerprint }) => (
              <div key={fingerprint}>
                <Digest digest={`sha256:${fingerprint}`} />
              </div>
            )),
          ],
        ]}
      />
    </Section>
  )
}
