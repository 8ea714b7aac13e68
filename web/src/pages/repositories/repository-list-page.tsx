import { Button, Menu, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../api/client.ts'
import { usePagedRows } from '../../api/paged-rows.ts'
import { invalidate } from '../../api/queries.ts'
import { CommandTabs } from '../../clients/command-tabs.tsx'
import { pushCommands } from '../../clients/commands.ts'
import { useRegistry } from '../../clients/use-registry.ts'
import type { Bulk } from '../../components/bulk.ts'
import { confirmDestruction } from '../../components/confirm.ts'
import { DataList, type Column } from '../../components/data-list.tsx'
import { DeleteIcon, PushIcon, RepositoryIcon } from '../../components/icons.ts'
import { LinkAnchor } from '../../components/links.tsx'
import { Section } from '../../components/page.tsx'
import { RowMenu } from '../../components/row-menu.tsx'
import { SearchField } from '../../components/search-field.tsx'
import { EmptyFace } from '../../components/states.tsx'
import { toast } from '../../components/toast.ts'
import { Count, RelativeTime } from '../../components/values.tsx'
import { ProjectFrame, type ProjectPageProps } from '../project/project-frame.tsx'

type Repository = RowOf<'GET /projects/{project_name}/repositories'>

const route = getRouteApi('/shell/projects/$projectName')

export function RepositoryListPage() {
  const { projectName } = route.useParams()
  return (
    <ProjectFrame
      projectName={projectName}
      tab="repositories"
      actions={({ project, can }) => can('artifact', 'create') && <PushButton project={project.name} />}
    >
      {(props) => <Repositories {...props} />}
    </ProjectFrame>
  )
}

function Repositories({ project, can }: ProjectPageProps) {
  const t = useTranslations('repositories')
  const common = useTranslations('common')
  const { q, sort } = route.useSearch()
  const navigate = useNavigate({ from: '/projects/$projectName' })
  const rows = usePagedRows('GET /projects/{project_name}/repositories', {
    params: { project_name: project.name },
    query: { q: q === undefined ? undefined : `name=~${q}`, sort },
  })
  const columns = useColumns(project.name)
  const mayDelete = can('repository', 'delete')
  const bulk: Bulk<Repository> = {
    of: `${project.name} ${q}`,
    nameOf: ({ name }) => withoutProject(name),
    actions: mayDelete
      ? [
          {
            key: 'delete',
            label: common('delete'),
            icon: DeleteIcon,
            danger: true,
            title: (count) => t('bulkDeleteTitle', { count }),
            what: t('bulkDeleteWhat'),
            typed: (count) => String(count),
            itemOf: ({ name }) => withoutProject(name),
            send: async (items) =>
              await call('POST /projects/{project_name}/batch/delete-repositories', {
                params: { project_name: project.name },
                body: { items: items.map(String) },
              }),
            after: async (client) => await invalidate(client, '/projects', '/statistics'),
            done: (count) => t('bulkDeleted', { count }),
          },
        ]
      : [],
  }
  return (
    <Section
      flush
      actions={
        <SearchField
          label={t('filter')}
          value={q ?? ''}
          onChange={(text) =>
            void navigate({ search: { ...(text === '' ? {} : { q: text }), ...(sort && { sort }) }, replace: true })
          }
        />
      }
    >
      <DataList
        label={t('title')}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        sort={sort ?? '-update_time'}
        onSort={(next) => void navigate({ search: { ...(q && { q }), sort: next }, replace: true })}
        below={(repository) => <Below repository={repository} />}
        bulk={bulk}
        {...(mayDelete
          ? { actions: (repository: Repository) => <RepositoryMenu project={project.name} repository={repository} /> }
          : {})}
        empty={
          q === undefined ? (
            <EmptyFace
              icon={RepositoryIcon}
              title={t('noneTitle')}
              action={can('artifact', 'create') && <PushButton project={project.name} />}
            >
              {t('noneText')}
            </EmptyFace>
          ) : (
            <EmptyFace icon={RepositoryIcon} title={t('noneFound', { text: q })} />
          )
        }
      />
    </Section>
  )
}

/** What a phone has no columns for. */
function Below({
  repository: { artifact_count: artifacts, pull_count: pulls, update_time: time },
}: {
  readonly repository: Repository
}) {
  const t = useTranslations('repositories')
  return (
    <>
      {t('below', { artifacts, pulls })} · <RelativeTime time={time} />
    </>
  )
}

export const withoutProject = (name: string): string => name.slice(name.indexOf('/') + 1)

function useColumns(projectName: string): readonly Column<Repository>[] {
  const t = useTranslations('repositories')
  return [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(12rem, 3fr)',
      sort: 'name',
      cell: ({ name }) => (
        <LinkAnchor
          to="/projects/$projectName/repositories/$repository"
          params={{ projectName, repository: withoutProject(name) }}
          fw={500}
          c="inherit"
        >
          {withoutProject(name)}
        </LinkAnchor>
      ),
    },
    {
      key: 'artifacts',
      header: t('artifacts'),
      width: '7rem',
      from: 'sm',
      align: 'end',
      cell: ({ artifact_count }) => <Count value={artifact_count} />,
    },
    {
      key: 'pulls',
      header: t('pulls'),
      width: '7rem',
      from: 'sm',
      align: 'end',
      sort: 'pull_count',
      cell: ({ pull_count }) => <Count value={pull_count} />,
    },
    {
      key: 'updated',
      header: t('updated'),
      width: '9rem',
      from: 'sm',
      sort: 'update_time',
      cell: ({ update_time }) => <RelativeTime time={update_time} />,
    },
  ]
}

function RepositoryMenu({ project, repository }: { readonly project: string; readonly repository: Repository }) {
  const t = useTranslations('repositories')
  const common = useTranslations('common')
  const client = useQueryClient()
  const name = withoutProject(repository.name)
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name: repository.name }),
      what: t('deleteWhat', { count: repository.artifact_count }),
      typed: name,
      final: false,
      run: async () => {
        const params = { project_name: project, repository_name: name }
        await call('DELETE /projects/{project_name}/repositories/{repository_name}', { params })
        await invalidate(client, '/projects', '/statistics')
        toast(t('deletedToast', { name: repository.name }))
      },
    })
  return (
    <RowMenu name={repository.name}>
      <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
        {common('delete')}
      </Menu.Item>
    </RowMenu>
  )
}

function PushButton({ project }: { readonly project: string }) {
  const t = useTranslations('repositories')
  const common = useTranslations('common')
  const registry = useRegistry()
  const [opened, { open, close }] = useDisclosure()
  return (
    <>
      <Button leftSection={<PushIcon size={16} />} onClick={open}>
        {t('push')}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        size="lg"
        title={t('pushTitle', { project })}
        closeButtonProps={{ 'aria-label': common('close') }}
      >
        <CommandTabs commands={pushCommands(registry, project)} />
      </Modal>
    </>
  )
}
