import { Switch } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import { toast, toastError } from '../../../components/toast.ts'
import type { ProjectPageProps } from '../project-frame.tsx'

interface ProjectSwitchProps extends ProjectPageProps {
  /** The property of the project, with Harbor's name. */
  readonly name:
    | 'public'
    | 'auto_scan'
    | 'auto_sbom_generation'
    | 'prefer_attached_sbom'
    | 'sparse_indexes'
    | 'lenient_manifests'
    | 'two_person_signing'
    | 'prevent_vul'
    | 'quarantine'
    | 'enable_content_trust_cosign'
    | 'enable_content_trust'
    | 'proxy_cache_local_on_not_found'
    | 'proxy_referrer_api'
  readonly label: string
  readonly description: string
}

/** A property of a project that is on or off, saved as it is switched. */
export function ProjectSwitch({ project, can, name, label, description }: ProjectSwitchProps) {
  const t = useTranslations('projectSettings')
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: async (isOn: boolean) =>
      await call('PUT /projects/{project_name_or_id}', {
        params: { project_name_or_id: project.name },
        body: { metadata: { [name]: String(isOn) } },
      }),
    onSuccess: async () => {
      toast(t('saved'))
      await invalidate(client, '/projects')
    },
    onError: toastError,
  })
  return (
    <Switch
      label={label}
      description={description}
      checked={project.metadata[name] === 'true'}
      disabled={!can('project', 'update') || change.isPending}
      onChange={(event) => change.mutate(event.currentTarget.checked)}
    />
  )
}
