import { NumberInput, Text, Textarea } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { ScheduleSection, type ScheduleWish } from '../jobs/schedule-section.tsx'

const hoursPerDay = 24
const usualTypes = 'create_artifact,delete_artifact,pull_artifact'

/** When old records of the audit log go by themselves. */
export function AuditPurge() {
  const t = useTranslations('system.audit')
  const client = useQueryClient()
  const { data } = useQuery(query('GET /system/purgeaudit/schedule'))
  const set = JSON.parse(data?.job_parameters ?? '{}') as {
    readonly audit_retention_hour?: number
    readonly include_event_types?: string
  }
  const [edited, setEdited] = useState<{ readonly days?: number; readonly types?: string }>({})
  const days = edited.days ?? Math.round((set.audit_retention_hour ?? 90 * hoursPerDay) / hoursPerDay)
  const types = edited.types ?? set.include_event_types ?? usualTypes
  const save = async (schedule: ScheduleWish) => {
    const parameters = { audit_retention_hour: days * hoursPerDay, include_event_types: types, dry_run: false }
    await call('PUT /system/purgeaudit/schedule', { body: { schedule, parameters } })
    await invalidate(client, '/system/purgeaudit', '/schedules')
  }
  return (
    <ScheduleSection
      title={t('purge')}
      none={t('purgeOff')}
      schedule={data?.schedule}
      options={
        <Text size="sm" c="dimmed" mt="xs">
          {t('kept', { count: days, types: types.replaceAll(',', ', ') })}
        </Text>
      }
      fields={
        <>
          <NumberInput
            label={t('keepDays')}
            min={1}
            max={10_000}
            value={days}
            onChange={(next) => setEdited({ ...edited, days: Math.max(1, Number(next) || 1) })}
          />
          <Textarea
            label={t('purgeTypes')}
            description={t('purgeTypesHint')}
            autosize
            value={types}
            onChange={(event) => setEdited({ ...edited, types: event.currentTarget.value })}
          />
        </>
      }
      save={save}
    />
  )
}
