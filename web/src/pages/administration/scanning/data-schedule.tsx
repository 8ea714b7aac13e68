import { Button, Code, Group, Select, Text, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type AnswerOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { unattended } from '../../../api/session.ts'
import { PullIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { Facts, RelativeTime } from '../../../components/values.tsx'
import { JobStatus } from '../jobs/job-status.tsx'
import { isOver } from '../jobs/job-words.ts'
import { ScheduleSection, type ScheduleWish } from '../jobs/schedule-section.tsx'

type State = AnswerOf<'GET /system/vulnerability-data/schedule'>

const trivyDb = 'aquasecurity/trivy-db:2'
const ownRegistry = 'own'

/** From where and when the registry fetches vulnerability data by itself: not at all, unless somebody says so here. */
export function DataSchedule() {
  const t = useTranslations('scanning.data.schedule')
  const client = useQueryClient()
  const { data } = useQuery({
    ...query('GET /system/vulnerability-data/schedule', unattended),
    refetchInterval: 5_000,
  })
  const registries = useQuery(query('GET /registries', { query: { page_size: 100 } }))
  const place = usePlace(data, registries.data ?? [])
  const save = async (schedule: ScheduleWish) => {
    await call('PUT /system/vulnerability-data/schedule', { body: { schedule, parameters: place.parameters } })
    await invalidate(client, '/system/vulnerability-data/schedule', '/schedules')
  }
  return (
    <ScheduleSection
      title={t('title')}
      none={t('none')}
      schedule={data?.schedule}
      options={data !== undefined && <Options state={data} where={place.where} />}
      fields={place.fields}
      save={save}
    />
  )
}

/** Fields for the registry and the artifact in it, and what they say. */
function usePlace(state: State | undefined, registries: readonly { readonly id: number; readonly name: string }[]) {
  const t = useTranslations('scanning.data.schedule')
  const [registry, setRegistry] = useState<string>()
  const [artifact, setArtifact] = useState<string>()
  const set = state?.parameters
  const setPlace = set === undefined ? trivyDb : `${set.repository}${joinOf(set.reference)}${set.reference}`
  const chosen = registry ?? (set?.registry_id === undefined ? ownRegistry : String(set.registry_id))
  const [, repository = '', reference] = /^(.*?)(?:[:@](.*))?$/.exec((artifact ?? setPlace).trim()) ?? []
  const parameters = {
    ...(chosen === ownRegistry ? {} : { registry_id: Number(chosen) }),
    repository,
    ...(reference === undefined || reference === '' ? {} : { reference }),
  }
  const fields = (
    <>
      <Select
        label={t('registry')}
        description={t('registryHint')}
        data={[
          { value: ownRegistry, label: t('own') },
          ...registries.map(({ id, name }) => ({ value: String(id), label: name })),
        ]}
        allowDeselect={false}
        value={chosen}
        onChange={(value) => setRegistry(value ?? ownRegistry)}
      />
      <TextInput
        label={t('artifact')}
        description={t('artifactHint', { example: trivyDb })}
        value={artifact ?? setPlace}
        onChange={(event) => setArtifact(event.currentTarget.value)}
      />
    </>
  )
  const named = registries.find(({ id }) => id === set?.registry_id)
  const where = set === undefined ? '' : [...(named === undefined ? [] : [named.name]), setPlace].join('/')
  return { parameters, fields, where }
}

const joinOf = (reference: string): string => (reference.includes(':') ? '@' : ':')

function Options({ state: { last_pull: last, job }, where }: { readonly state: State; readonly where: string }) {
  const t = useTranslations('scanning.data.schedule')
  const client = useQueryClient()
  const fetchNow = async () => {
    await call('POST /system/vulnerability-data/schedule', { body: { schedule: { type: 'Manual' } } })
    toast(t('started'))
    await invalidate(client, '/system/vulnerability-data/schedule')
  }
  return (
    <>
      <Facts
        facts={[
          [t('artifact'), <Code key="artifact">{where}</Code>],
          [t('last'), <RelativeTime key="last" time={last?.time} none={t('never')} />],
          ...(job === undefined
            ? []
            : [
                [
                  t('job'),
                  <Group key="job" gap="xs">
                    <JobStatus job={job} />
                    <LinkAnchor to="/administration/jobs/$jobId" params={{ jobId: String(job.id) }} size="sm">
                      {t('seeJob')}
                    </LinkAnchor>
                  </Group>,
                ] as const,
              ]),
        ]}
      />
      {job?.status === 'failed' && (
        <Text size="sm" c="red">
          {job.error}
        </Text>
      )}
      <Group mt="sm">
        <Button
          variant="default"
          size="xs"
          leftSection={<PullIcon size={14} />}
          disabled={job !== undefined && !isOver(job)}
          onClick={() => void fetchNow().catch(toastError)}
        >
          {t('now')}
        </Button>
      </Group>
    </>
  )
}
