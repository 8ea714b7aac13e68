import { MultiSelect, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { toast } from '../../../components/toast.ts'

/** The only type that can be exported. */
const exportedType = 'application/vnd.security.vulnerability.report; version=1.1'

interface ExportFormProps {
  readonly projectId: number
  onClose(): void
}

/** What goes into the file; all of it where nothing is chosen. */
export function ExportForm({ projectId, onClose }: ExportFormProps) {
  const t = useTranslations('vulnerabilityExports')
  const client = useQueryClient()
  const form = useForm({ initialValues: { repositories: '', tags: '', cveIds: '', labels: [] as string[] } })
  const ofProject = useQuery(query('GET /labels', { query: { scope: 'p', project_id: projectId, page_size: 100 } }))
  const ofRegistry = useQuery(query('GET /labels', { query: { scope: 'g', page_size: 100 } }))
  const labels = [...(ofProject.data ?? []), ...(ofRegistry.data ?? [])]
  const begin = useMutation({
    mutationFn: async ({ repositories, tags, cveIds, labels: chosen }: typeof form.values) =>
      await call('POST /export/cve', {
        headers: { 'x-scan-data-type': exportedType },
        body: {
          projects: [projectId],
          repositories: repositories.trim(),
          tags: tags.trim(),
          cveIds: cveIds.trim(),
          labels: chosen.map(Number),
        },
      }),
    onSuccess: async () => {
      onClose()
      toast(t('begunToast'))
      await invalidate(client, '/export/cve')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t('begin')}
      submitLabel={t('beginButton')}
      pending={begin.isPending}
      error={begin.error}
      onSubmit={form.onSubmit((values) => begin.mutate(values))}
    >
      {(['repositories', 'tags', 'cveIds'] as const).map((field) => (
        <TextInput
          key={field}
          label={t(field)}
          description={t(`hints.${field}`)}
          maxLength={1_024}
          spellCheck={false}
          {...form.getInputProps(field)}
        />
      ))}
      {labels.length > 0 && (
        <MultiSelect
          label={t('labels')}
          data={labels.map(({ id, name }) => ({ value: String(id), label: name ?? String(id) }))}
          searchable
          clearable
          {...form.getInputProps('labels')}
        />
      )}
    </ModalForm>
  )
}
