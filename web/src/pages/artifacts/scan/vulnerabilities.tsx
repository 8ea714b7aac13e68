import { Button, Group, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { query } from '../../../api/queries.ts'
import { GuideLink } from '../../../components/guide-link.tsx'
import { CloseIcon, LogIcon, ScanIcon } from '../../../components/icons.ts'
import { Notice } from '../../../components/notice.tsx'
import { Section } from '../../../components/page.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { paramsOf, type ArtifactPartProps } from '../artifact-part.ts'
import { ReportChanges } from './changes.tsx'
import { Gaps, gapsOf } from './gaps.tsx'
import { ReportSummary } from './report-summary.tsx'
import { statusOf, toneOfStatus } from './scan-badge.tsx'
import { ScanInCi } from './scan-in-ci.tsx'
import { ScanLog } from './scan-log.tsx'
import { isUnderWay, useScanCommands, useScanOverview, type ScanOverview } from './scan-overview.ts'
import { VulnerabilityList } from './vulnerability-list.tsx'

const addition =
  'GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/vulnerabilities' as const

/** What scans say of an artifact: how the newest one stands, and what the last good one found. */
export function Vulnerabilities({ place, artifact, can }: ArtifactPartProps) {
  const t = useTranslations('scan')
  const overview = useScanOverview(place, artifact)
  const reportedAt = overview?.reported_at
  const asked = query(addition, { params: paramsOf(place, artifact) })
  const { data, error, refetch } = useQuery({
    ...asked,
    // Another report is another answer, and so is one by another SBOM.
    queryKey: [...asked.queryKey, reportedAt, overview?.attached_sbom] as unknown as typeof asked.queryKey,
    enabled: reportedAt !== undefined,
  })
  const report = Object.values(data ?? {})[0]
  const buttons = <Buttons place={place} artifact={artifact} can={can} overview={overview} />
  if (overview === undefined)
    return (
      <Section>
        <EmptyFace icon={ScanIcon} title={t('notScannedTitle')} action={buttons}>
          {t('notScannedText')} <GuideLink of="vulnerabilities" page={t('title')} />
        </EmptyFace>
      </Section>
    )
  return (
    <Stack gap="lg">
      <Section title={t('title')} description={<Standing overview={overview} />} actions={buttons}>
        <Stack gap="md">
          <Trouble overview={overview} />
          {report?.attached_sbom !== undefined && (
            <Text size="sm">{t('ofAttachedSbom', { digest: report.attached_sbom })}</Text>
          )}
          {report !== undefined && <Gaps gaps={gapsOf(report)} />}
          {report !== undefined && <ReportSummary report={report} overview={overview} />}
          {reportedAt === undefined && isUnderWay(overview) && <Text c="dimmed">{t('underWay')}</Text>}
          {reportedAt === undefined && !isUnderWay(overview) && <Text>{t('noReport')}</Text>}
        </Stack>
      </Section>
      {error !== null && <ErrorFace error={error} onRetry={() => void refetch()} />}
      {reportedAt !== undefined && report === undefined && error === null && <LoadingFace />}
      {report?.changes !== undefined && <ReportChanges changes={report.changes} />}
      {report !== undefined && <VulnerabilityList place={place} artifact={artifact} report={report} can={can} />}
    </Stack>
  )
}

/** The state of the newest scan, and when the report below was made. */
function Standing({ overview }: { readonly overview: ScanOverview }) {
  const t = useTranslations('scan')
  const { reported_at: reportedAt, scanner, data, data_time: dataTime } = overview
  return (
    <Group gap="xs" component="span">
      <StatusBadge tone={toneOfStatus(overview)}>{t(`status.${statusOf(overview)}`)}</StatusBadge>
      {reportedAt !== undefined && (
        <span>
          {t.rich('reported', { scanner: scanner?.name ?? '', when: () => <RelativeTime time={reportedAt} /> })}
          {data !== undefined && ` · ${t('dataNumber', { number: String(data) })}`}
          {dataTime !== undefined && (
            <> · {t.rich('dataPublished', { when: () => <RelativeTime time={dataTime} /> })}</>
          )}
        </span>
      )}
    </Group>
  )
}

/** What keeps the newest scan from being a good one, and what to do. */
function Trouble({ overview }: { readonly overview: ScanOverview }) {
  const t = useTranslations('scan')
  const status = statusOf(overview)
  if (status === 'Error')
    return (
      <Notice tone="bad" title={t('failedTitle')}>
        {overview.error?.code === 'NO_VULNERABILITY_DATA' ? (
          <>
            {t('noData')} <GuideLink of="vulnerabilityData" page={t('title')} />
          </>
        ) : (
          <>
            {overview.error !== undefined && <Text size="sm">{overview.error.message}</Text>}
            <Text size="sm">{t('failedAdvice')}</Text>
          </>
        )}
        {overview.reported_at !== undefined && <Text size="sm">{t('olderReport')}</Text>}
      </Notice>
    )
  if (status === 'Stopped' && overview.reported_at !== undefined)
    return <Notice tone="warn">{t('stoppedOlderReport')}</Notice>
  return null
}

type ButtonsProps = Pick<ArtifactPartProps, 'place' | 'artifact' | 'can'> & {
  readonly overview: ScanOverview | undefined
}

function Buttons({ place, artifact, can, overview }: ButtonsProps) {
  const t = useTranslations('scan')
  const { start, stop } = useScanCommands(place, artifact)
  const [logShown, log] = useDisclosure()
  const starting = useMutation({ mutationFn: start, onSuccess: () => toast(t('started')), onError: toastError })
  const stopping = useMutation({ mutationFn: stop, onSuccess: () => toast(t('stopAsked')), onError: toastError })
  const underWay = isUnderWay(overview)
  return (
    <Group gap="xs">
      <ScanInCi />
      {overview !== undefined && can('scan', 'read') && (
        <Button variant="default" size="xs" leftSection={<LogIcon size={14} />} onClick={log.open}>
          {t('log')}
        </Button>
      )}
      {underWay && can('scan', 'stop') && (
        <Button
          variant="default"
          size="xs"
          leftSection={<CloseIcon size={14} />}
          loading={stopping.isPending}
          onClick={() => stopping.mutate()}
        >
          {t('stop')}
        </Button>
      )}
      {!underWay && can('scan', 'create') && (
        <Button
          size="xs"
          leftSection={<ScanIcon size={14} />}
          loading={starting.isPending}
          onClick={() => starting.mutate()}
        >
          {t(overview === undefined ? 'scan' : 'scanAgain')}
        </Button>
      )}
      {logShown && overview !== undefined && (
        <ScanLog place={place} artifact={artifact} reportId={overview.report_id} onClose={log.close} />
      )}
    </Group>
  )
}
