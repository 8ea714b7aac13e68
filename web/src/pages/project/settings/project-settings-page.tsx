import { Button, Group, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DeleteIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { toast } from '../../../components/toast.ts'
import { Facts, RelativeTime, Size } from '../../../components/values.tsx'
import { ProjectAllowlist } from '../allowlist/project-allowlist.tsx'
import { SignerList } from '../signers/signer-list.tsx'
import { VexDocuments } from '../vex/vex-documents.tsx'
import { ProjectSigning } from '../signing/project-signing.tsx'
import { ProjectScanner } from './project-scanner.tsx'
import { ProjectSwitch } from './project-switch.tsx'
import { ProxySettings } from './proxy-settings.tsx'
import { ProjectFrame, type ProjectPageProps } from '../project-frame.tsx'

const route = getRouteApi('/shell/signed-in/projects/$projectName/settings')

export function ProjectSettingsPage() {
  const { projectName } = route.useParams()
  return (
    <ProjectFrame projectName={projectName} tab="settings">
      {(props) => (
        <Stack gap="lg">
          <Usage {...props} />
          <Access {...props} />
          {props.project.registry_id === undefined ? (
            <Pushes {...props} />
          ) : (
            <ProxySettings key={props.project.update_time} {...props} />
          )}
          <ProjectScanner {...props} />
          <SignerList project={props.project.name} mayChange={props.can('configuration', 'update')} />
          <ProjectSigning {...props} />
          <ProjectAllowlist {...props} />
          {props.can('scan', 'read') && (
            <VexDocuments project={props.project.name} mayChange={props.can('project', 'update')} />
          )}
          {props.can('project', 'delete') && <DangerZone {...props} />}
        </Stack>
      )}
    </ProjectFrame>
  )
}

function Usage({ project }: ProjectPageProps) {
  const t = useTranslations('projectSettings')
  const common = useTranslations('common')
  const { data } = useQuery(
    query('GET /projects/{project_name_or_id}/summary', { params: { project_name_or_id: project.name } }),
  )
  const { used, hard, logical } = data?.quota ?? {}
  const limit = hard?.['storage']
  return (
    <Section title={t('usage')} description={t('usageHint')}>
      <Facts
        facts={[
          [t('owner'), project.owner_name ?? common('none')],
          [t('created'), <RelativeTime key="created" time={project.creation_time} />],
          [t('used'), used && <Size key="used" bytes={used['storage'] ?? 0} />],
          [t('logical'), logical && <Size key="logical" bytes={logical['storage'] ?? 0} />],
          [
            t('limit'),
            limit === undefined ? undefined : limit < 0 ? common('unlimited') : <Size key="limit" bytes={limit} />,
          ],
        ]}
      />
    </Section>
  )
}

function Access(props: ProjectPageProps) {
  const t = useTranslations('projectSettings')
  return (
    <Section title={t('access')}>
      <ProjectSwitch {...props} name="public" label={t('public')} description={t('publicHint')} />
    </Section>
  )
}

function Pushes(props: ProjectPageProps) {
  const t = useTranslations('projectSettings')
  return (
    <Section title={t('pushes')} description={t('pushesHint')}>
      <Stack gap="md">
        <ProjectSwitch {...props} name="sparse_indexes" label={t('sparse')} description={t('sparseHint')} />
        <ProjectSwitch {...props} name="lenient_manifests" label={t('lenient')} description={t('lenientHint')} />
      </Stack>
    </Section>
  )
}

function DangerZone({ project }: ProjectPageProps) {
  const t = useTranslations('projectSettings')
  const projects = useTranslations('projects')
  const client = useQueryClient()
  const navigate = useNavigate()
  const askToDelete = () =>
    confirmDestruction({
      title: projects('deleteTitle', { name: project.name }),
      what: projects('deleteWhat'),
      typed: project.name,
      run: async () => {
        await call('DELETE /projects/{project_name_or_id}', { params: { project_name_or_id: project.name } })
        await navigate({ to: '/projects' })
        await invalidate(client, '/projects', '/statistics')
        toast(projects('deletedToast', { name: project.name }))
      },
    })
  return (
    <Section title={t('deleteSection')}>
      <Group justify="space-between">
        <Text>
          {project.repo_count > 0 ? projects('deleteImpossible', { count: project.repo_count }) : t('deleteHint')}
        </Text>
        <Button
          color="red.8"
          leftSection={<DeleteIcon size={15} />}
          onClick={askToDelete}
          disabled={project.repo_count > 0}
        >
          {t('delete')}
        </Button>
      </Group>
    </Section>
  )
}
