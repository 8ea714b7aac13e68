import { Select, Stack, Tabs, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import { CopyBlock } from '../../components/copy-button.tsx'
import { Page, Section } from '../../components/page.tsx'
import styles from './first-image-page.module.css'
import { clients, stepsFor, type Client, type Registry } from './instructions.ts'

const defaultProject = 'library'

/** How to push the first image, with this server's real name and port. */
export function FirstImagePage() {
  const t = useTranslations('firstImage')
  const { user, system } = useSession()
  const projects = useQuery(query('GET /projects', { query: { page_size: 100, sort: 'name' } }))
  const names = projects.data?.map(({ name }) => name) ?? []
  const [chosen, setChosen] = useState<string>()
  const project = chosen ?? (names.includes(defaultProject) ? defaultProject : (names[0] ?? defaultProject))
  const registry: Registry = {
    host: system.registry_url ?? window.location.host,
    secure: (system.external_url ?? window.location.origin).startsWith('https:'),
    privateCertificate: system.private_certificate ?? false,
    offersAuthority: system.has_ca_root ?? false,
    username: user?.username ?? 'admin',
    project,
  }
  return (
    <Page title={t('title')} description={t('description')}>
      <Section>
        <Stack gap="lg">
          <Select
            label={t('project')}
            data={names.length === 0 ? [project] : names}
            value={project}
            onChange={(value) => setChosen(value ?? undefined)}
            allowDeselect={false}
            searchable
            w={{ base: '100%', sm: 320 }}
          />
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
                <Steps client={client} registry={registry} />
              </Tabs.Panel>
            ))}
          </Tabs>
        </Stack>
      </Section>
    </Page>
  )
}

function Steps({ client, registry }: { readonly client: Client; readonly registry: Registry }) {
  const t = useTranslations('firstImage')
  const steps = stepsFor(client, registry)
  const missing = registry.secure && registry.privateCertificate && !registry.offersAuthority
  return (
    <ol className={styles.steps}>
      {steps.map(({ step, commands }) => (
        <li key={step}>
          <Title order={3}>{t(`steps.${step}.title`)}</Title>
          <Text c="dimmed" size="sm">
            {t(`steps.${step}.text`)}
            {step === 'trust' && missing && ` ${t('askForAuthority')}`}
          </Text>
          <CopyBlock value={commands} label={t(`steps.${step}.title`)} />
        </li>
      ))}
    </ol>
  )
}
