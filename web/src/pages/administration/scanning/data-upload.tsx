import { Button, FileButton, Group, Progress, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { invalidate } from '../../../api/queries.ts'
import { useFollowedJob } from '../../../api/follow-job.ts'
import { uploadFile } from '../../../api/upload.ts'
import { CopyBlock } from '../../../components/copy-button.tsx'
import { FormError } from '../../../components/form-error.tsx'
import { CloseIcon, PushIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { Section } from '../../../components/page.tsx'
import { useFormat } from '../../../i18n/format.ts'
import { JobProgress, JobStatus } from '../jobs/job-status.tsx'

interface Sending {
  readonly name: string
  readonly share: number
}

/** A file of vulnerability data from this computer, and the import that follows. */
export function DataUpload() {
  const t = useTranslations('scanning.data')
  const common = useTranslations('common')
  const format = useFormat()
  const client = useQueryClient()
  const [sending, setSending] = useState<Sending>()
  const [error, setError] = useState<unknown>()
  const [jobId, setJobId] = useState<number>()
  const stop = useRef<AbortController>(undefined)
  const send = async (file: File) => {
    const controller = new AbortController()
    stop.current = controller
    setError(undefined)
    setJobId(undefined)
    setSending({ name: file.name, share: 0 })
    try {
      const { job_id: id } = await uploadFile('POST /system/vulnerability-data', file, {
        query: { name: file.name },
        signal: controller.signal,
        onProgress: (share) => setSending({ name: file.name, share }),
      })
      setJobId(id)
      await invalidate(client, '/jobs')
    } catch (thrown) {
      if (!controller.signal.aborted) setError(thrown)
    } finally {
      setSending(undefined)
    }
  }
  return (
    <Section title={t('import')} description={t('importText')}>
      <Stack gap="sm">
        {sending === undefined ? (
          <Group>
            <FileButton onChange={(file) => file !== null && void send(file)}>
              {(props) => (
                <Button leftSection={<PushIcon size={15} />} {...props}>
                  {t('upload')}
                </Button>
              )}
            </FileButton>
          </Group>
        ) : (
          <Group gap="sm" wrap="nowrap">
            <Stack gap={4} flex={1} miw={0}>
              <Text size="sm" truncate>
                {t('sending', { name: sending.name, share: format.percent(sending.share) })}
              </Text>
              <Progress value={sending.share * 100} size="sm" aria-label={t('upload')} />
            </Stack>
            <Button variant="default" leftSection={<CloseIcon size={15} />} onClick={() => stop.current?.abort()}>
              {common('cancel')}
            </Button>
          </Group>
        )}
        {error !== undefined && <FormError error={error} />}
        {jobId !== undefined && <ImportJob key={jobId} jobId={jobId} />}
        <Text size="sm" c="dimmed">
          {t('orCommand')}
        </Text>
        <CopyBlock value={'berth db import trivy-db.tar.gz\nberth db status'} label={t('import')} />
      </Stack>
    </Section>
  )
}

function ImportJob({ jobId }: { readonly jobId: number }) {
  const t = useTranslations('scanning.data')
  const { job, lines } = useFollowedJob(jobId, 0)
  return (
    <Stack gap={4} aria-live="polite">
      <Group gap="sm">
        {job !== undefined && <JobStatus job={job} />}
        {job !== undefined && <JobProgress job={job} />}
        <LinkAnchor to="/administration/jobs/$jobId" params={{ jobId: String(jobId) }} size="sm">
          {t('seeJob')}
        </LinkAnchor>
      </Group>
      <Text size="sm" c={job?.status === 'failed' ? 'red' : 'dimmed'}>
        {job?.error ?? lines.at(-1)?.line}
      </Text>
    </Stack>
  )
}
