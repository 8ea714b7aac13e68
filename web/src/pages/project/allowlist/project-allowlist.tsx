import { Group, Radio, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { useSession } from '../../../api/session.ts'
import { LinkButton } from '../../../components/links.tsx'
import { Section } from '../../../components/page.tsx'
import { LoadingFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import type { ProjectPageProps } from '../project-frame.tsx'
import { AllowlistEditor } from './allowlist-editor.tsx'
import { usesRegistryList } from './allowlist.ts'

/** Vulnerabilities that a project accepts: those of the registry's list, or of its own. */
export function ProjectAllowlist({ project, can }: ProjectPageProps) {
  const t = useTranslations('allowlist')
  const client = useQueryClient()
  const canChange = can('project', 'update')
  const isShared = usesRegistryList(project)
  const change = useMutation({
    mutationFn: async (body: object) =>
      await call('PUT /projects/{project_name_or_id}', { params: { project_name_or_id: project.name }, body }),
    onSuccess: async () => await invalidate(client, '/projects'),
  })
  const choose = async (which: string) => {
    await change.mutateAsync({ metadata: { reuse_sys_cve_allowlist: String(which === 'registry') } })
    toast(t('saved'))
  }
  return (
    <Section title={t('title')} description={t('projectText')}>
      <Stack gap="md">
        <Radio.Group
          label={t('which')}
          value={isShared ? 'registry' : 'own'}
          onChange={(which) => void choose(which).catch(toastError)}
        >
          <Group gap="lg" mt={6}>
            <Radio value="registry" label={t('registry')} disabled={!canChange || change.isPending} />
            <Radio value="own" label={t('own')} disabled={!canChange || change.isPending} />
          </Group>
        </Radio.Group>
        {isShared ? (
          <RegistryList />
        ) : (
          <AllowlistEditor
            key={JSON.stringify(project.cve_allowlist)}
            list={project.cve_allowlist ?? {}}
            canChange={canChange}
            save={async (list) => await change.mutateAsync({ cve_allowlist: list })}
          />
        )}
      </Stack>
    </Section>
  )
}

function RegistryList() {
  const t = useTranslations('allowlist')
  const { isAdministrator, user } = useSession()
  const { data } = useQuery({ ...query('GET /system/CVEAllowlist'), enabled: user !== undefined })
  if (user === undefined) return null
  if (data === undefined) return <LoadingFace lines={2} />
  return (
    <>
      <AllowlistEditor list={data} canChange={false} save={async () => undefined} />
      {isAdministrator ? (
        <LinkButton to="/administration/security/allowlist" variant="default" style={{ alignSelf: 'flex-start' }}>
          {t('editRegistry')}
        </LinkButton>
      ) : (
        <Text size="sm" c="dimmed">
          {t('byAdministrators')}
        </Text>
      )}
    </>
  )
}
