import { Button, Checkbox, Group, Menu, Pill, Text } from '@mantine/core'
import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError } from '../../../api/api-error.ts'
import { call, type RowOf } from '../../../api/client.ts'
import { useKeysetRows } from '../../../api/keyset-rows.ts'
import { invalidate } from '../../../api/queries.ts'
import type { Bulk, BulkAction } from '../../../components/bulk.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { ArtifactIcon, DeleteIcon, ReloadIcon, TagIcon, TrashBinIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { SearchField } from '../../../components/search-field.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, Size, StatusBadge } from '../../../components/values.tsx'
import { ProjectFrame, type ProjectPageProps } from '../project-frame.tsx'

type Entry = RowOf<'GET /projects/{project_name_or_id}/trash'>

const route = getRouteApi('/shell/signed-in/projects/$projectName/trash')

export function TrashPage() {
  const { projectName } = route.useParams()
  return (
    <ProjectFrame
      projectName={projectName}
      tab="trash"
      actions={(props) => props.can('trash', 'delete') && <EmptyButton {...props} />}
    >
      {(props) => <Trash {...props} />}
    </ProjectFrame>
  )
}

function Trash({ project, can }: ProjectPageProps) {
  const t = useTranslations('trash')
  const { run } = route.useSearch()
  const navigate = useNavigate({ from: '/projects/$projectName/trash' })
  const [repository, setRepository] = useState('')
  const rows = useKeysetRows('GET /projects/{project_name_or_id}/trash', {
    params: { project_name_or_id: project.name },
    query: { repository: repository === '' ? undefined : `${project.name}/${repository}`, run_id: run },
  })
  const bulk = useBulkTrash(project.name, `${repository} ${run}`, can)
  const columns: readonly Column<Entry>[] = [
    {
      key: 'what',
      header: t('what'),
      width: 'minmax(12rem, 3fr)',
      cell: (entry) => <What project={project.name} entry={entry} />,
    },
    {
      key: 'size',
      header: t('size'),
      width: '6rem',
      from: 'md',
      align: 'end',
      cell: ({ size }) => <Size bytes={size} />,
    },
    {
      key: 'by',
      header: t('deletedBy'),
      width: 'minmax(6rem, 1fr)',
      from: 'sm',
      cell: (entry) => <DeletedBy project={project.name} entry={entry} />,
    },
    {
      key: 'at',
      header: t('deleted'),
      width: '8rem',
      from: 'sm',
      cell: ({ deletion_time }) => <RelativeTime time={deletion_time} />,
    },
    {
      key: 'until',
      header: t('until'),
      width: '8rem',
      from: 'md',
      cell: ({ expiration_time }) => <RelativeTime time={expiration_time} />,
    },
  ]
  return (
    <Section
      flush
      description={t('description')}
      actions={
        <Group gap="xs">
          {run !== undefined && (
            <Pill
              withRemoveButton
              removeButtonProps={{ 'aria-label': t('anyRun'), 'aria-hidden': false, tabIndex: 0 }}
              onRemove={() => void navigate({ search: {}, replace: true })}
            >
              {t('ofRun', { run: String(run) })}
            </Pill>
          )}
          <SearchField label={t('filter')} value={repository} onChange={setRepository} />
        </Group>
      }
    >
      <DataList
        label={t('title')}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        bulk={bulk}
        below={({ deletion_time }) => <RelativeTime time={deletion_time} />}
        actions={(entry) => <EntryMenu project={project.name} entry={entry} can={can} />}
        empty={
          <EmptyFace icon={TrashBinIcon} title={t('noneTitle')}>
            {t('noneText')}
          </EmptyFace>
        }
      />
    </Section>
  )
}

function useBulkTrash(project: string, of: string, can: ProjectPageProps['can']): Bulk<Entry> {
  const t = useTranslations('trash')
  const params = { project_name_or_id: project }
  const about = {
    itemOf: ({ id }: Entry) => id,
    after: async (client: QueryClient) => await invalidate(client, '/projects', '/statistics'),
  }
  const actions: BulkAction<Entry>[] = []
  if (can('trash', 'restore'))
    actions.push({
      ...about,
      key: 'restore',
      label: t('restore'),
      icon: ReloadIcon,
      title: (count) => t('bulkRestoreTitle', { count }),
      what: t('bulkRestoreWhat'),
      wish: 'keep',
      field: ({ onWish }) => (
        <Checkbox
          label={t('bulkOverwrite')}
          onChange={(event) => onWish(event.currentTarget.checked ? 'overwrite' : 'keep')}
        />
      ),
      send: async (items, wish) =>
        await call('POST /projects/{project_name_or_id}/batch/restore-trash', {
          params,
          body: { items: items.map(Number), overwrite: wish === 'overwrite' },
        }),
      done: (count) => t('bulkRestored', { count }),
    })
  if (can('trash', 'delete'))
    actions.push({
      ...about,
      key: 'delete',
      label: t('deleteNow'),
      icon: DeleteIcon,
      danger: true,
      final: true,
      title: (count) => t('bulkDeleteTitle', { count }),
      what: t('bulkDeleteWhat'),
      send: async (items) =>
        await call('POST /projects/{project_name_or_id}/batch/delete-trash', {
          params,
          body: { items: items.map(Number) },
        }),
      done: (count) => t('bulkDeleted', { count }),
    })
  return { of, nameOf: (entry) => `${entry.repository_name.slice(project.length + 1)} · ${nameOf(entry)}`, actions }
}

const nameOf = (entry: Entry): string => entry.tags[0]?.name ?? entry.digest.slice(0, 19)

/** Who deleted it; of a run of a retention policy, the way to all of it. */
function DeletedBy({
  project,
  entry: { deleted_by: by, run_id: run },
}: {
  readonly project: string
  readonly entry: Entry
}) {
  const t = useTranslations('trash')
  if (run === undefined) return by
  return (
    <LinkAnchor to="/projects/$projectName/trash" params={{ projectName: project }} search={{ run }}>
      {t('ofRun', { run: String(run) })}
    </LinkAnchor>
  )
}

function What({ project, entry }: { readonly project: string; readonly entry: Entry }) {
  const t = useTranslations('trash')
  return (
    <Group gap="xs" wrap="nowrap">
      <StatusBadge tone="neutral" icon={entry.kind === 'tag' ? <TagIcon size={11} /> : <ArtifactIcon size={11} />}>
        {t(entry.kind)}
      </StatusBadge>
      <Text span fw={500} truncate title={`${entry.repository_name}@${entry.digest}`}>
        {entry.repository_name.slice(project.length + 1)}
        <Text span c="dimmed" inherit>
          {` · ${nameOf(entry)}`}
          {entry.tags.length > 1 && ` ${t('moreTags', { count: entry.tags.length - 1 })}`}
        </Text>
      </Text>
    </Group>
  )
}

interface EntryMenuProps {
  readonly project: string
  readonly entry: Entry
  can(resource: string, action: string): boolean
}

function EntryMenu({ project, entry, can }: EntryMenuProps) {
  const t = useTranslations('trash')
  const client = useQueryClient()
  const params = { project_name_or_id: project, entry_id: entry.id }
  const restore = async (overwrite: boolean) => {
    await call('POST /projects/{project_name_or_id}/trash/{entry_id}/restore', { params, body: { overwrite } })
    await invalidate(client, '/projects', '/statistics')
    toast(t('restored', { name: nameOf(entry) }))
  }
  const tryRestore = async () => {
    try {
      await restore(false)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) return toastError(error)
      confirmDestruction({
        title: t('overwriteTitle', { name: nameOf(entry) }),
        what: t('overwriteWhat'),
        action: t('overwrite'),
        final: false,
        run: async () => await restore(true),
      })
    }
  }
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name: nameOf(entry) }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /projects/{project_name_or_id}/trash/{entry_id}', { params })
        await invalidate(client, '/projects')
      },
    })
  return (
    <RowMenu name={nameOf(entry)}>
      {can('trash', 'restore') && (
        <Menu.Item leftSection={<ReloadIcon size={15} />} onClick={() => void tryRestore()}>
          {t('restore')}
        </Menu.Item>
      )}
      {can('trash', 'delete') && (
        <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
          {t('deleteNow')}
        </Menu.Item>
      )}
    </RowMenu>
  )
}

function EmptyButton({ project }: ProjectPageProps) {
  const t = useTranslations('trash')
  const client = useQueryClient()
  const askToEmpty = () =>
    confirmDestruction({
      title: t('emptyTitle', { project: project.name }),
      what: t('emptyWhat'),
      action: t('empty'),
      run: async () => {
        const { entries } = await call('DELETE /projects/{project_name_or_id}/trash', {
          params: { project_name_or_id: project.name },
        })
        await invalidate(client, '/projects')
        toast(t('emptied', { count: entries }))
      },
    })
  return (
    <Button variant="default" leftSection={<DeleteIcon size={15} />} onClick={askToEmpty}>
      {t('empty')}
    </Button>
  )
}
