import { Autocomplete, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../api/client.ts'
import { invalidate, query } from '../../api/queries.ts'
import type { Bulk, BulkAction, WishProps } from '../../components/bulk.ts'
import { CloseIcon, CopyIcon, DeleteIcon, LabelIcon, ScanIcon } from '../../components/icons.ts'
import type { Artifact, Place } from './artifact-columns.tsx'
import { restoreMany } from './delete-artifact.ts'
import { useLabels } from './use-labels.ts'

interface BulkArtifactsProps {
  readonly place: Place
  readonly projectId: number | undefined
  /** The question that the list answers. */
  readonly of: string
  can(resource: string, action: string): boolean
}

const inRepository = '/projects/{project_name}/repositories/{repository_name}/batch' as const

/** What can be done to chosen artifacts of a repository. */
export function useBulkArtifacts({ place, projectId, of, can }: BulkArtifactsProps): Bulk<Artifact> {
  const t = useTranslations('artifacts')
  const common = useTranslations('common')
  const scan = useTranslations('scan')
  const params = { project_name: place.projectName, repository_name: place.repository }
  const about = {
    itemOf: ({ digest }: Artifact) => digest,
    after: async (client: Parameters<BulkAction<Artifact>['after']>[0]) =>
      await invalidate(client, '/projects', '/statistics'),
  }
  const labelField = (props: WishProps) => <LabelField {...props} projectId={projectId} />
  const mayLabel = can('artifact-label', 'create')
  const actions: BulkAction<Artifact>[] = []
  if (mayLabel)
    actions.push({
      ...about,
      key: 'label',
      label: t('addLabel'),
      icon: LabelIcon,
      title: (count) => t('bulk.labelTitle', { count }),
      field: labelField,
      send: async (items, wish) =>
        await call(`POST ${inRepository}/label-artifacts`, {
          params,
          body: { items: items.map(String), label_id: Number(wish) },
        }),
      done: (count) => t('bulk.labelled', { count }),
    })
  if (can('artifact-label', 'delete'))
    actions.push({
      ...about,
      key: 'unlabel',
      label: t('removeLabel'),
      icon: LabelIcon,
      title: (count) => t('bulk.unlabelTitle', { count }),
      field: labelField,
      send: async (items, wish) =>
        await call(`POST ${inRepository}/unlabel-artifacts`, {
          params,
          body: { items: items.map(String), label_id: Number(wish) },
        }),
      done: (count) => t('bulk.unlabelled', { count }),
    })
  actions.push({
    ...about,
    key: 'copy',
    label: t('copyTo'),
    icon: CopyIcon,
    title: (count) => t('bulk.copyTitle', { count }),
    field: (props) => <TargetField {...props} projectName={place.projectName} />,
    send: async (items, wish) => {
      const slash = wish.indexOf('/')
      return await call(`POST ${inRepository}/copy-artifacts`, {
        params: { project_name: wish.slice(0, slash), repository_name: wish.slice(slash + 1) },
        body: { items: items.map(String), from: `${place.projectName}/${place.repository}` },
      })
    },
    done: (count) => t('bulk.copied', { count }),
  })
  if (can('scan', 'create'))
    actions.push({
      ...about,
      key: 'scan',
      label: scan('scan'),
      icon: ScanIcon,
      title: (count) => t('bulk.scanTitle', { count }),
      what: t('bulk.scanWhat'),
      send: async (items) =>
        await call(`POST ${inRepository}/scan-artifacts`, { params, body: { items: items.map(String) } }),
      done: (count) => t('bulk.scanned', { count }),
    })
  if (can('scan', 'stop'))
    actions.push({
      ...about,
      key: 'stop-scan',
      label: t('bulk.stopScan'),
      icon: CloseIcon,
      title: (count) => t('bulk.stopScanTitle', { count }),
      send: async (items) =>
        await call(`POST ${inRepository}/stop-scans`, { params, body: { items: items.map(String) } }),
      done: (count) => t('bulk.scansStopped', { count }),
    })
  if (can('artifact', 'delete'))
    actions.push({
      ...about,
      key: 'delete',
      label: common('delete'),
      icon: DeleteIcon,
      danger: true,
      title: (count) => t('bulk.deleteTitle', { count }),
      what: t('bulk.deleteWhat'),
      send: async (items) =>
        await call(`POST ${inRepository}/delete-artifacts`, { params, body: { items: items.map(String) } }),
      done: (count) => t('bulk.deleted', { count }),
      undo: async (client, items) =>
        await restoreMany(client, place, items, ({ kind, digest }) => (kind === 'artifact' ? digest : undefined)),
    })
  return {
    of,
    nameOf: ({ tags, digest }) => tags?.[0]?.name ?? digest.slice(0, 19),
    // Who may only look can still copy what is here to where they may push.
    actions: can('artifact', 'read') ? actions : [],
  }
}

function LabelField({ onWish, projectId }: WishProps & Pick<BulkArtifactsProps, 'projectId'>) {
  const t = useTranslations('artifacts')
  const { labels } = useLabels(projectId)
  return (
    <Select
      label={t('label')}
      placeholder={labels.length === 0 ? t('noLabels') : t('chooseLabel')}
      data={labels.map(({ id, name }) => ({ value: String(id), label: name }))}
      searchable
      data-autofocus
      onChange={(value) => onWish(value ?? undefined)}
    />
  )
}

function TargetField({ onWish, projectName }: WishProps & { readonly projectName: string }) {
  const t = useTranslations('artifacts')
  const [project, setProject] = useState(projectName)
  const [repository, setRepository] = useState('')
  const projects = useQuery(query('GET /projects', { query: { name: project, page_size: 10 } }))
  const change = (nextProject: string, nextRepository: string) => {
    setProject(nextProject)
    setRepository(nextRepository)
    onWish(nextProject === '' || nextRepository === '' ? undefined : `${nextProject}/${nextRepository}`)
  }
  return (
    <>
      <Autocomplete
        label={t('targetProject')}
        data={projects.data?.map(({ name }) => name) ?? []}
        value={project}
        onChange={(value) => change(value, repository)}
      />
      <TextInput
        label={t('targetRepository')}
        description={t('targetHint')}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        value={repository}
        onChange={(event) => change(project, event.currentTarget.value)}
      />
    </>
  )
}
