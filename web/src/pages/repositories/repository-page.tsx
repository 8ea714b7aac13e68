import { Button, Group, Textarea } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { call } from '../../api/client.ts'
import { usePagedRows } from '../../api/paged-rows.ts'
import { invalidate, query } from '../../api/queries.ts'
import { CommandTabs } from '../../clients/command-tabs.tsx'
import { pushCommands } from '../../clients/commands.ts'
import { useRegistry } from '../../clients/use-registry.ts'
import { DataList } from '../../components/data-list.tsx'
import { ArtifactIcon, EditIcon } from '../../components/icons.ts'
import { ModalForm } from '../../components/modal-form.tsx'
import { Page, Section } from '../../components/page.tsx'
import { SearchField } from '../../components/search-field.tsx'
import { EmptyFace, ErrorFace } from '../../components/states.tsx'
import { RelativeTime } from '../../components/values.tsx'
import { ArtifactMenu } from '../artifacts/artifact-menu.tsx'
import { useArtifactColumns } from '../artifacts/artifact-columns.tsx'
import { useCan, useProject } from '../project/use-project.ts'

import { RepositoryDescription } from './repository-description.tsx'

const route = getRouteApi('/shell/projects/$projectName/repositories/$repository')

export function RepositoryPage() {
  const t = useTranslations('artifacts')
  const repositories = useTranslations('repositories')
  const projects = useTranslations('projects')
  const { projectName, repository } = route.useParams()
  const { q, sort } = route.useSearch()
  const navigate = useNavigate({ from: '/projects/$projectName/repositories/$repository' })
  const params = { project_name: projectName, repository_name: repository }
  const details = useQuery(query('GET /projects/{project_name}/repositories/{repository_name}', { params }))
  const can = useCan(useProject(projectName).data?.project_id)
  const rows = usePagedRows('GET /projects/{project_name}/repositories/{repository_name}/artifacts', {
    params,
    query: {
      q: q === undefined ? undefined : `tags=~${q}`,
      sort,
      with_tag: 'true',
      with_label: 'true',
      with_accessory: 'true',
      with_immutable_status: 'true',
    },
  })
  const registry = useRegistry()
  const columns = useArtifactColumns({ projectName, repository })
  const [editing, { open: openEditor, close: closeEditor }] = useDisclosure()
  const above = [
    { label: projects('title'), to: '/projects' },
    { label: projectName, to: `/projects/${encodeURIComponent(projectName)}` },
  ]
  const description = details.data?.description ?? ''
  return (
    <Page
      title={`${projectName}/${repository}`}
      name={repository}
      tabTitle={`${projectName}/${repository}`}
      above={above}
      description={repositories('explanation')}
      guide="repository"
      actions={
        details.data !== undefined &&
        can('repository', 'update') && (
          <Button variant="default" leftSection={<EditIcon size={15} />} onClick={openEditor}>
            {repositories(description === '' ? 'addDescription' : 'editDescription')}
          </Button>
        )
      }
    >
      <RepositoryDescription text={description} />
      {details.error !== null ? (
        <ErrorFace error={details.error} onRetry={() => void details.refetch()} />
      ) : (
        <Section
          flush
          actions={
            <Group>
              <SearchField
                label={t('filter')}
                value={q ?? ''}
                onChange={(text) =>
                  void navigate({
                    search: { ...(text === '' ? {} : { q: text }), ...(sort && { sort }) },
                    replace: true,
                  })
                }
              />
            </Group>
          }
        >
          <DataList
            label={t('title')}
            rows={rows}
            columns={columns}
            keyOf={({ id }) => id}
            sort={sort ?? '-push_time'}
            onSort={(next) => void navigate({ search: { ...(q && { q }), sort: next }, replace: true })}
            below={({ push_time }) => <RelativeTime time={push_time} />}
            actions={(artifact) => (
              <ArtifactMenu projectName={projectName} repository={repository} artifact={artifact} can={can} />
            )}
            empty={
              q === undefined ? (
                <EmptyFace
                  icon={ArtifactIcon}
                  title={t('noneTitle')}
                  action={<CommandTabs commands={pushCommands(registry, projectName)} />}
                >
                  {t('noneText')}
                </EmptyFace>
              ) : (
                <EmptyFace icon={ArtifactIcon} title={t('noneFound', { text: q })} />
              )
            }
          />
        </Section>
      )}
      <DescriptionForm
        key={description}
        params={params}
        description={description}
        opened={editing}
        onClose={closeEditor}
      />
    </Page>
  )
}

interface DescriptionFormProps {
  readonly params: { readonly project_name: string; readonly repository_name: string }
  readonly description: string
  readonly opened: boolean
  onClose(): void
}

function DescriptionForm({ params, description, opened, onClose }: DescriptionFormProps) {
  const t = useTranslations('repositories')
  const common = useTranslations('common')
  const client = useQueryClient()
  const form = useForm({ initialValues: { description } })
  const save = useMutation({
    mutationFn: async (body: typeof form.values) =>
      await call('PUT /projects/{project_name}/repositories/{repository_name}', { params, body }),
    onSuccess: async () => {
      onClose()
      await invalidate(client, '/projects/{project_name}/repositories')
    },
  })
  return (
    <ModalForm
      opened={opened}
      onClose={onClose}
      title={t('editDescription')}
      submitLabel={common('save')}
      pending={save.isPending}
      error={save.error}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <Textarea
        label={t('description')}
        description={t('descriptionHint')}
        autosize
        minRows={4}
        maxRows={12}
        data-autofocus
        {...form.getInputProps('description')}
      />
    </ModalForm>
  )
}
