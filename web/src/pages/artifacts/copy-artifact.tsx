import { Autocomplete, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../api/client.ts'
import { invalidate, query } from '../../api/queries.ts'
import { ModalForm } from '../../components/modal-form.tsx'
import { toast } from '../../components/toast.ts'
import type { Place } from './artifact-columns.tsx'

interface CopyArtifactProps {
  readonly place: Place
  readonly digest: string
  onClose(): void
}

/** Puts an artifact into another repository too; no bytes are moved. */
export function CopyArtifact({ place, digest, onClose }: CopyArtifactProps) {
  const t = useTranslations('artifacts')
  const client = useQueryClient()
  const form = useForm({
    initialValues: { project: place.projectName, repository: '' },
    validate: {
      project: (project) => (project === '' ? t('needed') : null),
      repository: (repository) => (repository === '' ? t('needed') : null),
    },
  })
  const projects = useQuery(query('GET /projects', { query: { name: form.values.project, page_size: 10 } }))
  const copy = useMutation({
    mutationFn: async ({ project, repository }: typeof form.values) => {
      await call('POST /projects/{project_name}/repositories/{repository_name}/artifacts', {
        params: { project_name: project, repository_name: repository },
        query: { from: `${place.projectName}/${place.repository}@${digest}` },
      })
      return `${project}/${repository}`
    },
    onSuccess: async (target) => {
      onClose()
      toast(t('copied', { target }))
      await invalidate(client, '/projects', '/statistics')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t('copyTo')}
      submitLabel={t('copyHere')}
      pending={copy.isPending}
      error={copy.error}
      onSubmit={form.onSubmit((values) => copy.mutate(values))}
    >
      <Autocomplete
        label={t('targetProject')}
        data={projects.data?.map(({ name }) => name) ?? []}
        data-autofocus
        {...form.getInputProps('project')}
      />
      <TextInput
        label={t('targetRepository')}
        description={t('targetHint')}
        autoComplete="off"
        spellCheck={false}
        {...form.getInputProps('repository')}
      />
    </ModalForm>
  )
}
