import { Alert, Select, Stack, Tabs, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import { isLoopback, reachOf, type Registry } from '../../clients/registry.ts'
import { clients, stepsFor, type Client } from '../../clients/setup.ts'
import { useRegistry } from '../../clients/use-registry.ts'
import { CopyBlock } from '../../components/copy-button.tsx'
import { PushIcon, WarningIcon } from '../../components/icons.ts'
import { Page, Section } from '../../components/page.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../components/states.tsx'
import { useCan } from '../project/use-project.ts'
import styles from './first-image-page.module.css'

const defaultProject = 'library'
/** Harbor's numbers of the roles that only look: guest and limited guest. Composed roles are asked one by one. */
const lookingRoles = new Set([3, 5])

/** How to push the first image, with this server's real name and port. */
export function FirstImagePage() {
  const t = useTranslations('firstImage')
  const { isAdministrator } = useSession()
  const projects = useQuery(query('GET /projects', { query: { page_size: 100, sort: 'name' } }))
  const registry = useRegistry()
  const [chosen, setChosen] = useState<string>()
  const offered = (projects.data ?? []).filter(
    ({ current_user_role_id: role }) => isAdministrator || (role !== undefined && !lookingRoles.has(role)),
  )
  const names = offered.map(({ name }) => name)
  const name = chosen ?? (names.includes(defaultProject) ? defaultProject : names[0])
  const project = offered.find((each) => each.name === name)
  return (
    <Page title={t('title')} description={t('description')} guide="firstImage">
      {projects.error !== null ? (
        <ErrorFace error={projects.error} onRetry={() => void projects.refetch()} />
      ) : projects.data === undefined ? (
        <LoadingFace />
      ) : project === undefined ? (
        <Section>
          <EmptyFace icon={PushIcon} title={t('noProjectTitle')}>
            {t('noProjectText')}
          </EmptyFace>
        </Section>
      ) : (
        <Section>
          <Stack gap="lg">
            <Select
              label={t('project')}
              data={names}
              value={project.name}
              onChange={(value) => setChosen(value ?? undefined)}
              allowDeselect={false}
              searchable
              w={{ base: '100%', sm: 320 }}
            />
            <ClientTabs registry={registry} project={project} />
          </Stack>
        </Section>
      )}
    </Page>
  )
}

interface ClientTabsProps {
  readonly registry: Registry
  readonly project: { readonly project_id: number; readonly name: string }
}

function ClientTabs({ registry, project }: ClientTabsProps) {
  const t = useTranslations('firstImage')
  const { isAdministrator } = useSession()
  const can = useCan(project.project_id)
  if (!isAdministrator && !can('repository', 'push')) return <Text c="dimmed">{t('noProjectText')}</Text>
  return (
    <Tabs defaultValue="docker" keepMounted={false}>
      <Tabs.List>
        {clients.map((client) => (
          <Tabs.Tab key={client} value={client}>
            {t(`clients.${client}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {clients.map((client) => (
        <Tabs.Panel key={client} value={client} pt="lg">
          <Stack gap="lg">
            {isLoopback(registry.host) && (
              <Alert
                variant="default"
                icon={<WarningIcon size={18} />}
                title={t('loopbackTitle', { host: registry.host })}
              >
                {t(client === 'kubernetes' ? 'loopbackCluster' : 'loopbackText')}
              </Alert>
            )}
            <Steps client={client} registry={registry} project={project.name} />
          </Stack>
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}

interface StepsProps {
  readonly client: Client
  readonly registry: Registry
  readonly project: string
}

function Steps({ client, registry, project }: StepsProps) {
  const t = useTranslations('firstImage')
  const steps = stepsFor(client, registry, project)
  const missing = reachOf(registry) === 'privateAuthority' && !registry.offersAuthority
  // containerd reads hosts.toml only where its settings say so; ctr is told by a flag, the kubelet is not.
  const readsHosts = client === 'kubernetes' || client === 'containerd'
  return (
    <ol className={styles.steps}>
      {steps.map(({ step, commands }) => (
        <li key={step}>
          <Title order={2} size="h3">
            {t(`steps.${step}.title`)}
          </Title>
          <Text c="dimmed" size="sm">
            {t(`steps.${step}.text`)}
            {step === 'trust' && missing && ` ${t('askForAuthority')}`}
            {(step === 'trust' || step === 'plainHttp') && readsHosts && ` ${t('configPath')}`}
          </Text>
          <CopyBlock value={commands} label={t(`steps.${step}.title`)} />
        </li>
      ))}
    </ol>
  )
}
