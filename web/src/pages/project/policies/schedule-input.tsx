import { Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useFormat } from '../../../i18n/format.ts'
import { nextRuns, presets } from './retention-policy.ts'

interface ScheduleInputProps {
  /** Six fields; empty: never. */
  readonly cron: string
  readonly disabled: boolean
  onChange(cron: string): void
}

const choices = ['never', 'hourly', 'daily', 'weekly', 'custom'] as const
type Choice = (typeof choices)[number]

function choiceOf(cron: string): Choice {
  if (cron === '') return 'never'
  return choices.find((choice) => presets[choice as keyof typeof presets] === cron) ?? 'custom'
}

/** When a policy runs by itself, and what that means on the reader's clocks. */
export function ScheduleInput({ cron, disabled, onChange }: ScheduleInputProps) {
  const t = useTranslations('policies.schedule')
  const format = useFormat()
  const [isCustom, setCustom] = useState(choiceOf(cron) === 'custom')
  const runs = cron === '' ? [] : nextRuns(cron, 3)
  const choose = (choice: Choice) => {
    setCustom(choice === 'custom')
    if (choice === 'never') onChange('')
    else if (choice === 'custom') onChange(cron === '' ? '0 30 2 * * *' : cron)
    else onChange(presets[choice])
  }
  return (
    <Stack gap={6}>
      <Group gap="xs" align="flex-start">
        <Select
          label={t('label')}
          w={200}
          data={choices.map((value) => ({ value, label: t(value) }))}
          value={isCustom ? 'custom' : choiceOf(cron)}
          allowDeselect={false}
          disabled={disabled}
          onChange={(value) => value !== null && choose(value as Choice)}
        />
        {isCustom && (
          <TextInput
            label={t('cron')}
            w={220}
            value={cron}
            disabled={disabled}
            spellCheck={false}
            autoComplete="off"
            error={runs === undefined ? t('cronHint') : undefined}
            onChange={(event) => onChange(event.currentTarget.value)}
          />
        )}
      </Group>
      {runs !== undefined && runs.length > 0 && (
        <Text size="sm" c="dimmed" aria-live="polite">
          {t('next', { times: format.list(runs.map((time) => format.dateTime(time))) })}
        </Text>
      )}
    </Stack>
  )
}
