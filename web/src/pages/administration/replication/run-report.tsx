import { Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../../api/client.ts'
import { query } from '../../../api/queries.ts'
import { Section } from '../../../components/page.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { Facts } from '../../../components/values.tsx'
import { isOver, type Execution } from './replication-words.ts'

type Report = AnswerOf<'GET /replication/executions/{id}/report'>
const parts = ['missing', 'different', 'extra'] as const

/** What a comparison of both sides found. */
export function RunReport({ run }: { readonly run: Execution }) {
  const t = useTranslations('replication')
  const isDone = isOver(run)
  const report = useQuery({
    ...query('GET /replication/executions/{id}/report', { params: { id: run.id } }),
    enabled: isDone,
  })
  return (
    <Section title={t('report')}>
      {!isDone ? (
        <Text c="dimmed">{t('noTasksYet')}</Text>
      ) : report.error !== null ? (
        <ErrorFace error={report.error} onRetry={() => void report.refetch()} />
      ) : report.data === undefined ? (
        <LoadingFace lines={3} />
      ) : (
        <Found report={report.data} />
      )}
    </Section>
  )
}

function Found({ report }: { readonly report: Report }) {
  const t = useTranslations('replication')
  const { same, missing, different, extra, refused, repositories, cut } = report
  return (
    <Stack gap="md">
      <Facts
        facts={[
          [t('same'), same],
          [t('missing'), missing],
          [t('different'), different],
          [t('extra'), extra],
          [t('refused'), refused === 0 ? undefined : refused],
        ]}
      />
      {repositories.length === 0 ? (
        <Text>{t('reportSame')}</Text>
      ) : (
        <Table.ScrollContainer minWidth={500}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('repositories')}</Table.Th>
                {parts.map((part) => (
                  <Table.Th key={part}>{t(part)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {repositories.map((each) => (
                <Table.Tr key={each.source}>
                  <Table.Td>
                    {each.source}
                    {each.why !== undefined && (
                      <Text size="sm" c="dimmed">
                        {each.why}
                      </Text>
                    )}
                  </Table.Td>
                  {parts.map((part) => (
                    <Table.Td key={part}>{each[part].join(', ')}</Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {cut && <Text c="dimmed">{t('reportCut')}</Text>}
    </Stack>
  )
}
