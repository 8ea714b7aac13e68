import { SimpleGrid, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import type { RowOf } from '../../../api/client.ts'
import { query } from '../../../api/queries.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { PolicyIcon, ScanIcon } from '../../../components/icons.ts'
import { LinkAnchor, LinkButton } from '../../../components/links.tsx'
import { Notice } from '../../../components/notice.tsx'
import { Section } from '../../../components/page.tsx'
import { StatTile } from '../../../components/stat-tile.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { Count, RelativeTime, StatusBadge, useMinute } from '../../../components/values.tsx'
import { SeverityBadge } from '../../artifacts/scan/scan-badge.tsx'
import { severities } from '../../artifacts/scan/vulnerability-rows.ts'
import { ageOf } from '../scanning/data-age.ts'
import { ImageLink } from './image-link.tsx'
import { Rebuilds } from './rebuilds.tsx'
import { SecurityFrame } from './security-frame.tsx'
import { SeverityBar } from './severity-bar.tsx'
import { VulnerabilityTable } from './vulnerability-table.tsx'

const shown = 8

/** What scans found in all projects, and what to do first. */
export function SecurityOverviewPage() {
  const t = useTranslations('security')
  const { data: totals, error, refetch } = useQuery(query('GET /security/summary', {}))
  return (
    <SecurityFrame tab="overview">
      <DataAge />
      {error !== null && <ErrorFace error={error} onRetry={() => void refetch()} />}
      {error === null && totals === undefined && <LoadingFace />}
      {totals !== undefined && totals.scanned_cnt === 0 && (
        <Section>
          <EmptyFace
            icon={ScanIcon}
            title={t('nothingScanned')}
            action={<LinkButton to="/administration/security/scan-all">{t('tabs.scanAll')}</LinkButton>}
          >
            {t('nothingScannedText')}
          </EmptyFace>
        </Section>
      )}
      {totals !== undefined && totals.scanned_cnt > 0 && (
        <>
          <SimpleGrid cols={{ base: 2, md: 4 }} spacing="md">
            <StatTile
              label={t('exploited')}
              value={<CountLink shows="exploited" value={totals.exploited_cnt ?? 0} />}
              hint={t('exploitedHint')}
            />
            <StatTile
              label={t('fixable')}
              value={<CountLink shows="fixable" value={totals.fixable_cnt} />}
              hint={t('fixableHint')}
            />
            <StatTile label={t('findings')} value={<Count value={totals.total_vuls} />} hint={t('findingsHint')} />
            <StatTile
              label={t('scanned')}
              value={<Count value={totals.scanned_cnt} />}
              hint={t('scannedHint', { count: totals.total_artifact })}
            />
          </SimpleGrid>
          {totals.total_vuls === 0 ? (
            <Section>
              <EmptyFace icon={PolicyIcon} title={t('noneFound')}>
                {t('noneFoundText')}
              </EmptyFace>
            </Section>
          ) : (
            <Stack gap="lg">
              <Section title={t('bySeverity')}>
                <SeverityBar
                  counts={severities.map((severity) => [severity, totals[countFields[severity]] ?? 0] as const)}
                />
              </Section>
              <WorstVulnerabilities />
              <Rebuilds />
              <WorstArtifacts />
            </Stack>
          )}
        </>
      )}
    </SecurityFrame>
  )
}

function CountLink({ shows, value }: { readonly shows: 'exploited' | 'fixable'; readonly value: number }) {
  return (
    <LinkAnchor to="/administration/security/vulnerabilities" search={{ shows }} c="inherit" inherit>
      <Count value={value} />
    </LinkAnchor>
  )
}

const countFields = {
  Critical: 'critical_cnt',
  High: 'high_cnt',
  Medium: 'medium_cnt',
  Low: 'low_cnt',
  None: 'none_cnt',
  Unknown: 'unknown_cnt',
} as const

/** Numbers are as new as the data behind them. */
function DataAge() {
  const t = useTranslations('security')
  const now = useMinute()
  const { data } = useQuery(query('GET /system/vulnerability-data'))
  const inUse = data?.find(({ in_use: used }) => used)
  if (data === undefined) return null
  const { age, days } = inUse === undefined ? { age: 'none', days: 0 } : ageOf(inUse.data_time, now)
  if (age === 'fresh') return null
  return (
    <Notice tone={age === 'none' || age === 'outdated' ? 'bad' : 'warn'}>
      {age === 'none' ? t('noData') : age === 'unknown' ? t('unknownAge') : t('oldData', { days })}{' '}
      <LinkAnchor to="/administration/vulnerability-data" underline="always">
        {t('toData')}
      </LinkAnchor>
    </Notice>
  )
}

function WorstVulnerabilities() {
  const t = useTranslations('security')
  const { data, error } = useQuery(query('GET /security/vulnerabilities', { query: { page_size: shown } }))
  return (
    <Section
      flush
      title={t('worstVulnerabilities')}
      description={t('worstVulnerabilitiesText')}
      actions={
        <LinkButton to="/administration/security/vulnerabilities" variant="default" size="xs">
          {t('showAll')}
        </LinkButton>
      }
    >
      <VulnerabilityTable label={t('worstVulnerabilities')} rows={wholeList(data, error)} empty={null} />
    </Section>
  )
}

type DangerousArtifact = RowOf<'GET /security/artifacts'>

function WorstArtifacts() {
  const t = useTranslations('security')
  const scan = useTranslations('scan')
  const { data, error } = useQuery(query('GET /security/artifacts', { query: { page_size: shown } }))
  const worstOf = ({ summary }: DangerousArtifact) => severities.find((severity) => (summary[severity] ?? 0) > 0)
  const columns: readonly Column<DangerousArtifact>[] = [
    { key: 'image', header: t('image'), width: 'minmax(12rem, 3fr)', cell: (row) => <ImageLink image={row} /> },
    {
      key: 'worst',
      header: t('severity'),
      width: '8.5rem',
      cell: (row) => {
        const worst = worstOf(row)
        return row.exploited > 0 ? (
          <StatusBadge tone="bad">{scan('exploitedCount', { count: row.exploited })}</StatusBadge>
        ) : worst === undefined ? null : (
          <SeverityBadge severity={worst} />
        )
      },
    },
    {
      key: 'critical',
      header: scan('severities.Critical'),
      width: '6rem',
      from: 'sm',
      align: 'end',
      cell: ({ summary }) => <Count value={summary['Critical'] ?? 0} />,
    },
    {
      key: 'high',
      header: scan('severities.High'),
      width: '5rem',
      from: 'sm',
      align: 'end',
      cell: ({ summary }) => <Count value={summary['High'] ?? 0} />,
    },
    {
      key: 'fixable',
      header: t('fixable'),
      width: '6rem',
      from: 'md',
      align: 'end',
      cell: ({ fixable }) => <Count value={fixable} />,
    },
    {
      key: 'pulled',
      header: t('lastPulled'),
      width: '9rem',
      from: 'sm',
      cell: ({ pull_time: time }) => <RelativeTime time={time} />,
    },
  ]
  return (
    <Section flush title={t('worstArtifacts')} description={t('worstArtifactsText')}>
      <DataList
        label={t('worstArtifacts')}
        rows={wholeList(data, error)}
        columns={columns}
        keyOf={({ repository_name: repository, digest }) => `${repository}@${digest}`}
        below={(row) => (
          <>
            {t('criticalAndHigh', { critical: row.summary['Critical'] ?? 0, high: row.summary['High'] ?? 0 })}
            <br />
            {t('lastPulled')}: <RelativeTime time={row.pull_time} />
          </>
        )}
        phoneHeight={88}
        empty={<Text p="md">{t('noneRated')}</Text>}
      />
    </Section>
  )
}
