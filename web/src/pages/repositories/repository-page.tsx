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
import { useColumnChoice } from '../../components/column-choice.tsx'
import { DataList } from '../../components/data-list.tsx'
import { ArtifactIcon, EditIcon } from '../../components/icons.ts'
import { ModalForm } from '../../components/modal-form.tsx'
import { Page, Section } from '../../components/page.tsx'
import { EmptyFace, ErrorFace } from '../../components/states.tsx'
import { RelativeTime, Size } from '../../components/values.tsx'
import { ArtifactMenu } from '../artifacts/artifact-menu.tsx'
import { hiddenArtifactColumns, useArtifactColumns, type Artifact, type Place } from '../artifacts/artifact-columns.tsx'
import { ArtifactFilters } from '../artifacts/artifact-filters.tsx'
import { artifactQuery, isFiltered } from '../artifacts/artifact-filter.ts'
import { ArtifactParts, hasParts } from '../artifacts/artifact-parts.tsx'
import { useBulkArtifacts } from '../artifacts/bulk-artifacts.tsx'
import { ScanBadge } from '../artifacts/scan/scan-badge.tsx'
import { useCan, useProject } from '../project/use-project.ts'

import { RepositoryDescription } from './repository-description.tsx'

const route = getRouteApi('/shell/projects/$projectName/repositories/$repository')

export function RepositoryPage() {
  const t = useTranslations('artifacts')
  const repositories = useTranslations('repositories')
  const projects = useTranslations('projects')
  const { projectName, repository } = route.useParams()
  const search = route.useSearch()
  const { sort } = search
  const navigate = useNavigate({ from: '/projects/$projectName/repositories/$repository' })
  const params = { project_name: projectName, repository_name: repository }
  const details = useQuery(query('GET /projects/{project_name}/repositories/{repository_name}', { params }))
  const { data: project } = useProject(projectName)
  const can = useCan(project?.project_id)
  const rows = usePagedRows('GET /projects/{project_name}/repositories/{repository_name}/artifacts', {
    params,
    query: {
      q: artifactQuery(search),
      sort,
      with_tag: 'true',
      with_label: 'true',
      with_accessory: 'true',
      with_immutable_status: 'true',
      with_scan_overview: 'true',
    },
  })
  const registry = useRegistry()
  const place = { projectName, repository }
  const bulk = useBulkArtifacts({ place, projectId: project?.project_id, of: artifactQuery(search) ?? '', can })
  const columns = useArtifactColumns({ place, isPublic: project?.metadata.public === 'true' })
  const { shown, chooser } = useColumnChoice('artifacts', columns, hiddenArtifactColumns)
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
            <Group gap="xs">
              <ArtifactFilters
                search={search}
                projectId={project?.project_id}
                onChange={(next) => void navigate({ search: next, replace: true })}
              />
              {chooser}
            </Group>
          }
        >
          <DataList
            label={t('title')}
            rows={rows}
            columns={shown}
            bulk={bulk}
            detail={(artifact) =>
              hasParts(artifact)
                ? { label: t('showParts'), content: <ArtifactParts place={place} artifact={artifact} /> }
                : undefined
            }
            keyOf={({ id }) => id}
            sort={sort ?? '-push_time'}
            onSort={(next) => void navigate({ search: { ...search, sort: next }, replace: true })}
            below={(artifact) => <Below place={place} artifact={artifact} />}
            actions={(artifact) => (
              <ArtifactMenu projectName={projectName} repository={repository} artifact={artifact} can={can} />
            )}
            empty={
              !isFiltered(search) ? (
                <EmptyFace
                  icon={ArtifactIcon}
                  title={t('noneTitle')}
                  action={<CommandTabs commands={pushCommands(registry, projectName)} />}
                >
                  {t('noneText')}
                </EmptyFace>
              ) : (
                <EmptyFace icon={ArtifactIcon} title={t('noneFound')} />
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

/** What a phone has no columns for. */
function Below({ place, artifact }: { readonly place: Place; readonly artifact: Artifact }) {
  const { size, push_time: time } = artifact
  return (
    <>
      <Size bytes={size} /> · <RelativeTime time={time} /> <ScanBadge place={place} artifact={artifact} />
    </>
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
