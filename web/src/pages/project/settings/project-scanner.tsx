import { Select, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { Section } from '../../../components/page.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import type { ProjectPageProps } from '../project-frame.tsx'

/** The scanner of a project: its own, or that of the registry. */
export function ProjectScanner({ project, can }: ProjectPageProps) {
  const t = useTranslations('projectSettings')
  const client = useQueryClient()
  const params = { project_name_or_id: project.name }
  const mayChoose = can('scanner', 'create')
  const { data: scanner } = useQuery({
    ...query('GET /projects/{project_name_or_id}/scanner', { params }),
    enabled: can('scanner', 'read'),
  })
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
  if (!can('scanner', 'read')) return null
  return (
    <Section title={t('scanning')}>
      {mayChoose && candidates !== undefined ? (
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
      ) : (
        <Text>{scanner?.name ?? t('noScanner')}</Text>
      )}
    </Section>
  )
}
