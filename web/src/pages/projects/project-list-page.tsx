import { Button, Group, Menu, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../api/client.ts'
import { usePagedRows } from '../../api/paged-rows.ts'
import { invalidate } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import type { Bulk } from '../../components/bulk.ts'
import { confirmDestruction } from '../../components/confirm.ts'
import { DataList, type Column } from '../../components/data-list.tsx'
import { AddIcon, DeleteIcon, ProjectIcon } from '../../components/icons.ts'
import { LinkAnchor } from '../../components/links.tsx'
import { Page, Section } from '../../components/page.tsx'
import { RowMenu } from '../../components/row-menu.tsx'
import { SearchField } from '../../components/search-field.tsx'
import { EmptyFace } from '../../components/states.tsx'
import { toast } from '../../components/toast.ts'
import { Count, RelativeTime } from '../../components/values.tsx'
import { CreateProject } from './create-project.tsx'
import { useRoleName } from './role-name.ts'
import { Visibility } from './visibility.tsx'

type Project = RowOf<'GET /projects'>

const route = getRouteApi('/shell/projects')

export function ProjectListPage() {
  const t = useTranslations('projects')
  const { q, sort } = route.useSearch()
  const navigate = useNavigate({ from: '/projects' })
  const session = useSession()
  const rows = usePagedRows('GET /projects', { query: { name: q, sort } })
  const columns = useColumns()
  const common = useTranslations('common')
  const mayDelete = (project: Project) => session.isAdministrator || project.current_user_role_id === 1
  const bulk: Bulk<Project> = {
    of: q ?? '',
    nameOf: ({ name }) => name,
    canChoose: (project) => mayDelete(project) && project.repo_count === 0,
    actions:
      session.user === undefined
        ? []
        : [
            {
              key: 'delete',
              label: common('delete'),
              icon: DeleteIcon,
              danger: true,
              final: true,
              title: (count) => t('bulkDeleteTitle', { count }),
              what: t('deleteWhat'),
              typed: (count) => String(count),
              itemOf: ({ project_id: id }) => id,
              send: async (items) => await call('POST /batch/delete-projects', { body: { items: items.map(Number) } }),
              after: async (client) => await invalidate(client, '/projects', '/statistics'),
              done: (count) => t('bulkDeleted', { count }),
            },
          ],
  }
  const [creating, { open: openCreate, close: closeCreate }] = useDisclosure()
  const mayCreate =
    session.isAdministrator ||
    (session.user !== undefined && session.system.project_creation_restriction !== 'adminonly')
  const newButton = mayCreate && (
    <Button leftSection={<AddIcon size={16} />} onClick={openCreate}>
      {t('new')}
    </Button>
  )
  return (
    <Page title={t('title')} description={t('description')} guide="projects" actions={newButton}>
      <Section
        flush
        actions={
          <Group>
            <SearchField
              label={t('filter')}
              value={q ?? ''}
              onChange={(text) =>
                void navigate({ search: { ...(text === '' ? {} : { q: text }), ...(sort && { sort }) }, replace: true })
              }
            />
          </Group>
        }
      >
        <DataList
          label={t('title')}
          rows={rows}
          columns={columns}
          keyOf={({ project_id }) => project_id}
          sort={sort ?? 'name'}
          onSort={(next) => void navigate({ search: { ...(q && { q }), sort: next }, replace: true })}
          below={(project) => <Visibility project={project} />}
          bulk={bulk}
          actions={(project) => <ProjectMenu project={project} />}
          empty={
            q === undefined ? (
              <EmptyFace icon={ProjectIcon} title={t('noneTitle')} action={newButton}>
                {t('noneText')}
              </EmptyFace>
            ) : (
              <EmptyFace icon={ProjectIcon} title={t('noneFound', { text: q })} />
            )
          }
        />
      </Section>
      <CreateProject opened={creating} onClose={closeCreate} />
    </Page>
  )
}

function useColumns(): readonly Column<Project>[] {
  const t = useTranslations('projects')
  const roleName = useRoleName()
  return [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(10rem, 2fr)',
      sort: 'name',
      cell: ({ name }) => (
        <LinkAnchor to="/projects/$projectName" params={{ projectName: name }} fw={500} c="inherit">
          {name}
        </LinkAnchor>
      ),
    },
    {
      key: 'visibility',
      header: t('visibility'),
      width: '13rem',
      from: 'sm',
      cell: (project) => <Visibility project={project} />,
    },
    {
      key: 'repositories',
      header: t('repositories'),
      width: '7rem',
      from: 'sm',
      align: 'end',
      cell: ({ repo_count }) => <Count value={repo_count} />,
    },
    {
      key: 'role',
      header: t('role'),
      width: '9rem',
      from: 'md',
      cell: ({ current_user_role_id }) => roleName(current_user_role_id),
    },
    {
      key: 'created',
      header: t('created'),
      width: '9rem',
      from: 'md',
      sort: 'creation_time',
      cell: ({ creation_time }) => <RelativeTime time={creation_time} />,
    },
  ]
}

function ProjectMenu({ project }: { readonly project: Project }) {
  const t = useTranslations('projects')
  const common = useTranslations('common')
  const { isAdministrator } = useSession()
  const client = useQueryClient()
  if (!isAdministrator && project.current_user_role_id !== 1) return null
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name: project.name }),
      what: t('deleteWhat'),
      typed: project.name,
      run: async () => {
        await call('DELETE /projects/{project_name_or_id}', { params: { project_name_or_id: project.name } })
        await invalidate(client, '/projects', '/statistics')
        toast(t('deletedToast', { name: project.name }))
      },
    })
  return (
    <RowMenu name={project.name}>
      <Menu.Item
        color="red"
        leftSection={<DeleteIcon size={15} />}
        onClick={askToDelete}
        disabled={project.repo_count > 0}
      >
        {common('delete')}
        {project.repo_count > 0 && <Text size="xs">{t('deleteImpossible', { count: project.repo_count })}</Text>}
      </Menu.Item>
    </RowMenu>
  )
}
