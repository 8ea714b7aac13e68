import { List, SimpleGrid, Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { Folded } from '../../../components/folded.tsx'
import { Section } from '../../../components/page.tsx'
import { RelativeTime } from '../../../components/values.tsx'
import { SeverityBadge } from './scan-badge.tsx'
import type { Report } from './vulnerability-rows.ts'

type Changes = NonNullable<Report['changes']>

/** What the last report that differed from the one before brought and took away. */
export function ReportChanges({ changes }: { readonly changes: Changes }) {
  const t = useTranslations('scan.changes')
  return (
    <Section
      title={t('title')}
      description={t.rich('when', {
        at: () => <RelativeTime time={changes.at} />,
        since: () => <RelativeTime time={changes.since} />,
      })}
    >
      <Folded>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
          <Changed title={t('added', { count: changes.added })} count={changes.added} found={changes.added_findings} />
          <Changed title={t('gone', { count: changes.gone })} count={changes.gone} found={changes.gone_findings} />
        </SimpleGrid>
      </Folded>
    </Section>
  )
}

interface ChangedProps {
  readonly title: string
  readonly count: number
  readonly found: Changes['added_findings']
}

function Changed({ title, count, found }: ChangedProps) {
  const t = useTranslations('scan.changes')
  return (
    <div>
      <Text fw={500} mb={6}>
        {title}
      </Text>
      <List size="sm" spacing={6} listStyleType="none" aria-label={title}>
        {found.map(({ id, package: name, version, severity }) => (
          <List.Item key={`${id} ${name} ${version}`}>
            <SeverityBadge severity={severity} />{' '}
            <Text span size="sm" fw={500}>
              {id}
            </Text>{' '}
            <Text span size="sm" c="dimmed">
              {name} {version}
            </Text>
          </List.Item>
        ))}
        {count > found.length && <List.Item>{t('more', { count: count - found.length })}</List.Item>}
      </List>
    </div>
  )
}
