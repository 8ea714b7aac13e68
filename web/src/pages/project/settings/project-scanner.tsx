import { Select, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { Section } from '../../../components/page.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import type { ProjectPageProps } from '../project-frame.tsx'
import { ProjectSwitch } from './project-switch.tsx'

/** When the artifacts of a project are scanned, and by which scanner: its own, or that of the registry. */
export function ProjectScanner(props: ProjectPageProps) {
  const t = useTranslations('projectSettings')
  if (!props.can('scanner', 'read')) return null
  return (
    <Section title={t('scanning')}>
      <Stack gap="md">
        <ProjectSwitch {...props} name="auto_scan" label={t('autoScan')} description={t('autoScanHint')} />
        <ProjectSwitch {...props} name="auto_sbom_generation" label={t('autoSbom')} description={t('autoSbomHint')} />
        <ProjectSwitch
          {...props}
          name="prefer_attached_sbom"
          label={t('attachedSbom')}
          description={t('attachedSbomHint')}
        />
        <ScannerChoice {...props} />
      </Stack>
    </Section>
  )
}

function ScannerChoice({ project, can }: ProjectPageProps) {
  const t = useTranslations('projectSettings')
  const client = useQueryClient()
  const params = { project_name_or_id: project.name }
  const mayChoose = can('scanner', 'create')
  const { data: scanner } = useQuery(query('GET /projects/{project_name_or_id}/scanner', { params }))
  const { data: candidates } = useQuery({
    ...query('GET /projects/{project_name_or_id}/scanner/candidates', { params, query: { page_size: 100 } }),
    enabled: mayChoose,
  })
  const choose = useMutation({
    mutationFn: async (uuid: string) =>
      await call('PUT /projects/{project_name_or_id}/scanner', { params, body: { uuid } }),
    onSuccess: async () => {
      toast(t('saved'))
      await invalidate(client, '/projects')
    },
    onError: toastError,
  })
  if (!mayChoose || candidates === undefined)
    return (
      <div>
        <Text size="sm" fw={500}>
          {t('scanner')}
        </Text>
        <Text size="sm">{scanner?.name ?? t('noScanner')}</Text>
      </div>
    )
  return (
    <Select
      label={t('scanner')}
      description={t('scannerHint')}
      data={candidates.map(({ uuid, name, is_default: isDefault }) => ({
        value: uuid,
        label: isDefault ? t('defaultScanner', { name }) : name,
      }))}
      value={scanner?.uuid ?? null}
      allowDeselect={false}
      disabled={choose.isPending || candidates.length < 2}
      onChange={(uuid) => uuid !== null && uuid !== scanner?.uuid && choose.mutate(uuid)}
      maw="26rem"
    />
  )
}
