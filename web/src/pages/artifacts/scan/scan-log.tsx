import { Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { query } from '../../../api/queries.ts'
import { CopyBlock } from '../../../components/copy-button.tsx'
import { LogIcon } from '../../../components/icons.ts'
import { EmptyFace, ErrorFace, LoadingFace } from '../../../components/states.tsx'
import type { Place } from '../artifact-columns.tsx'
import { paramsOf, type ArtifactDetails } from '../artifact-part.ts'

interface ScanLogProps {
  readonly place: Place
  readonly artifact: ArtifactDetails
  readonly reportId: string
  onClose(): void
}

/** The log of the newest scan; of an index, those of its images. */
export function ScanLog({ place, artifact, reportId, onClose }: ScanLogProps) {
  const t = useTranslations('scan')
  const common = useTranslations('common')
  const { data, error } = useQuery({
    ...query('GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/scan/{report_id}/log', {
      params: { ...paramsOf(place, artifact), report_id: reportId },
    }),
    staleTime: 0,
  })
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={t('logTitle')}
      closeButtonProps={{ 'aria-label': common('close') }}
    >
      {error !== null && <ErrorFace error={error} />}
      {data === undefined && error === null && <LoadingFace lines={4} />}
      {data !== undefined && data !== null && data !== '' && <CopyBlock value={data} label={t('logTitle')} />}
      {(data === null || data === '') && <EmptyFace icon={LogIcon} title={t('noLog')} />}
    </Modal>
  )
}
