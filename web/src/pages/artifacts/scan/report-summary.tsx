import { Group, SimpleGrid, Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { StatTile } from '../../../components/stat-tile.tsx'
import { Count, StatusBadge } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import { severityTones } from './scan-badge.tsx'
import type { ScanOverview } from './scan-overview.ts'
import { countsOf, isExploited, isRuledOut, type Report } from './vulnerability-rows.ts'

/** What to do first: how many are exploited, how many a newer version mends, and how bad they are. */
export function ReportSummary({ report, overview }: { readonly report: Report; readonly overview: ScanOverview }) {
  const t = useTranslations('scan')
  const format = useFormat()
  const counted = report.vulnerabilities.filter((each) => !isRuledOut(each))
  const counts = countsOf(counted)
  if (counted.length === 0)
    return <Text>{t((overview.gaps ?? report.gaps ?? []).length === 0 ? 'noneFoundText' : 'noneFoundInRest')}</Text>
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="md">
        <StatTile
          label={t('exploited')}
          value={<Count value={counted.filter(isExploited).length} />}
          hint={t('exploitedHint')}
        />
        <StatTile
          label={t('fixable')}
          value={<Count value={counted.filter((each) => each.fix_version !== '').length} />}
          hint={t('fixableHint')}
        />
        <StatTile label={t('all')} value={<Count value={counted.length} />} hint={t('allHint')} />
      </SimpleGrid>
      <Group gap="xs">
        {counts.map(([severity, count]) => (
          <StatusBadge key={severity} tone={severityTones[severity]}>
            {t('severityCount', { severity: t(`severities.${severity}`), count })}
          </StatusBadge>
        ))}
        {report.os !== undefined && (
          <Text size="sm" c="dimmed" span>
            {t('system', { system: report.os.name || format.list([report.os.family, report.os.version]) })}
          </Text>
        )}
      </Group>
    </>
  )
}
