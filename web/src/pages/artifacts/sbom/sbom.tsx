import { Button, Group, Menu, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { download } from '../../../components/download.ts'
import { GuideLink } from '../../../components/guide-link.tsx'
import { ArtifactIcon, ChevronDownIcon, CloseIcon, LogIcon, PullIcon } from '../../../components/icons.ts'
import { Notice } from '../../../components/notice.tsx'
import { Section } from '../../../components/page.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge, type Tone } from '../../../components/values.tsx'
import { paramsOf, type ArtifactPartProps } from '../artifact-part.ts'
import { isUnderWay, useScanCommands } from '../scan/scan-overview.ts'
import { ScanLog } from '../scan/scan-log.tsx'
import { PackageList } from './package-list.tsx'
import { statusOf, useSbomOverview, type SbomOverview, type SbomStatus } from './sbom-overview.ts'

const tones: Readonly<Record<SbomStatus, Tone>> = {
  Pending: 'neutral',
  Running: 'neutral',
  Success: 'good',
  Error: 'bad',
  Stopped: 'warn',
}

/** The bill of materials of an artifact: how it stands, its documents, and what lies in the image. */
export function Sbom(props: ArtifactPartProps) {
  const t = useTranslations('sbom')
  const { place, artifact } = props
  const overview = useSbomOverview(place, artifact)
  const isIndex = artifact.references !== null
  const buttons = <Buttons {...props} overview={overview} />
  return (
    <Stack gap="lg">
      {overview === undefined ? (
        <Section>
          <EmptyFace icon={ArtifactIcon} title={t('noneTitle')} action={buttons}>
            {t('noneText')} <GuideLink of="sbom" page={t('title')} />
          </EmptyFace>
        </Section>
      ) : (
        <Section title={t('title')} description={<Standing overview={overview} />} actions={buttons}>
          <Stack gap="md">
            <Trouble overview={overview} />
            {isUnderWay(overview) && <Text c="dimmed">{t('underWay')}</Text>}
            {isIndex && <Text size="sm">{t('perPlatform')}</Text>}
          </Stack>
        </Section>
      )}
      {!isIndex && <PackageList place={place} artifact={artifact} madeAt={overview?.end_time} />}
    </Stack>
  )
}

function Standing({ overview }: { readonly overview: SbomOverview }) {
  const t = useTranslations('sbom')
  const status = statusOf(overview)
  return (
    <Group gap="xs" component="span">
      <StatusBadge tone={tones[status]}>{t(`status.${status}`)}</StatusBadge>
      {status === 'Success' && <span>{t.rich('made', { when: () => <RelativeTime time={overview.end_time} /> })}</span>}
    </Group>
  )
}

function Trouble({ overview }: { readonly overview: SbomOverview }) {
  const t = useTranslations('sbom')
  if (statusOf(overview) !== 'Error') return null
  return (
    <Notice tone="bad" title={t('failedTitle')}>
      {overview.error !== undefined && <Text size="sm">{overview.error}</Text>}
      <Text size="sm">{t('failedAdvice')}</Text>
    </Notice>
  )
}

type ButtonsProps = ArtifactPartProps & { readonly overview: SbomOverview | undefined }

function Buttons({ place, artifact, can, overview }: ButtonsProps) {
  const t = useTranslations('sbom')
  const { start, stop } = useScanCommands(place, artifact, 'sbom')
  const [logShown, log] = useDisclosure()
  const starting = useMutation({ mutationFn: start, onSuccess: () => toast(t('started')), onError: toastError })
  const stopping = useMutation({ mutationFn: stop, onSuccess: () => toast(t('stopAsked')), onError: toastError })
  const underWay = isUnderWay(overview)
  const reportId = overview?.report_id
  return (
    <Group gap="xs">
      {overview?.sbom_digest !== undefined && <DownloadMenu place={place} artifact={artifact} />}
      {reportId !== undefined && can('scan', 'read') && (
        <Button variant="default" size="xs" leftSection={<LogIcon size={14} />} onClick={log.open}>
          {t('log')}
        </Button>
      )}
      {underWay && can('sbom', 'stop') && (
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
      {!underWay && can('sbom', 'create') && (
        <Button size="xs" loading={starting.isPending} onClick={() => starting.mutate()}>
          {t(overview === undefined ? 'generate' : 'generateAgain')}
        </Button>
      )}
      {logShown && reportId !== undefined && (
        <ScanLog place={place} artifact={artifact} reportId={reportId} onClose={log.close} />
      )}
    </Group>
  )
}

const formats = ['spdx', 'cyclonedx'] as const
const endings = { spdx: 'spdx.json', cyclonedx: 'cdx.json' } as const

function DownloadMenu({ place, artifact }: Pick<ArtifactPartProps, 'place' | 'artifact'>) {
  const t = useTranslations('sbom')
  const fetching = useMutation({
    mutationFn: async (format: (typeof formats)[number]) => {
      const document = await call(
        'GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/{addition}',
        { params: { ...paramsOf(place, artifact), addition: 'sbom' }, query: { format } },
      )
      const name = `${place.repository.replaceAll('/', '-')}-${artifact.digest.slice(7, 19)}.${endings[format]}`
      download(new Blob([String(document)], { type: 'application/json' }), name)
    },
    onError: toastError,
  })
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          loading={fetching.isPending}
          leftSection={<PullIcon size={14} />}
          rightSection={<ChevronDownIcon size={14} />}
        >
          {t('download')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {formats.map((format) => (
          <Menu.Item key={format} onClick={() => fetching.mutate(format)}>
            {t(`formats.${format}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
