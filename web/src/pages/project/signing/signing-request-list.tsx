import { Button, Group, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { PolicyIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge } from '../../../components/values.tsx'

type Request = RowOf<'GET /projects/{project_name_or_id}/signing-requests'>

const collection = '/projects/{project_name_or_id}/signing-requests'

/** Signatures that wait for a second person, with those that were decided. */
export function SigningRequestList({ project, mayDecide }: { readonly project: string; readonly mayDecide: boolean }) {
  const t = useTranslations('signing')
  const client = useQueryClient()
  const params = { project_name_or_id: project }
  const { data, error } = useQuery(query(`GET ${collection}`, { params, query: { page_size: 100 } }))
  const decide = async (id: number, verb: 'approval' | 'rejection') => {
    const place = { params: { ...params, request_id: id } }
    try {
      if (verb === 'approval') await call(`POST ${collection}/{request_id}/approval`, place)
      else
        await call(`POST ${collection}/{request_id}/rejection`, { ...place, body: { reason: t('rejectedInConsole') } })
      toast(verb === 'approval' ? t('signed') : t('rejected'))
    } catch (problem) {
      toastError(problem)
    }
    await invalidate(client, '/projects')
  }
  const columns: readonly Column<Request>[] = [
    {
      key: 'what',
      header: t('artifact'),
      width: 'minmax(10rem, 2fr)',
      cell: ({ repository_name: name, digest, comment }) => (
        <Stack gap={0} miw={0}>
          <Text size="sm" truncate title={`${name}@${digest}`}>
            {name}@{digest.slice(0, 19)}
          </Text>
          <Text size="xs" c="dimmed" truncate>
            {comment}
          </Text>
        </Stack>
      ),
    },
    {
      key: 'by',
      header: t('askedBy'),
      width: '10rem',
      from: 'sm',
      cell: ({ requested_by: by, creation_time: time }) => (
        <Stack gap={0} miw={0}>
          <Text size="sm" truncate>
            {by}
          </Text>
          <RelativeTime time={time} />
        </Stack>
      ),
    },
    {
      key: 'state',
      header: t('state'),
      width: '14rem',
      cell: ({ id, state }) =>
        state === 'pending' && mayDecide ? (
          <Group gap="xs" wrap="nowrap">
            <Button size="compact-sm" onClick={() => void decide(id, 'approval')}>
              {t('approve')}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => void decide(id, 'rejection')}>
              {t('reject')}
            </Button>
          </Group>
        ) : (
          <StatusBadge tone={state === 'signed' ? 'good' : 'neutral'}>{t(`requestStates.${state}`)}</StatusBadge>
        ),
    },
  ]
  return (
    <Section flush title={t('requestsTitle')} description={t('requestsHint')}>
      <DataList
        label={t('requestsTitle')}
        rows={wholeList(data, error)}
        columns={columns}
        keyOf={({ id }) => id}
        empty={<EmptyFace icon={PolicyIcon} title={t('noRequests')} />}
      />
    </Section>
  )
}
