import { NumberInput, Switch } from '@mantine/core'
import { useTranslations } from 'use-intl'

/** What a run of garbage collection is told. */
export interface GarbageOptions {
  readonly delete_untagged: boolean
  readonly dry_run: boolean
  readonly workers: number
}

export const usualOptions: GarbageOptions = { delete_untagged: false, dry_run: false, workers: 1 }

interface FieldsProps {
  readonly value: GarbageOptions
  readonly withDryRun: boolean
  onChange(value: GarbageOptions): void
}

export function GarbageFields({ value, withDryRun, onChange }: FieldsProps) {
  const t = useTranslations('maintenance.garbage')
  return (
    <>
      {withDryRun && (
        <Switch
          label={t('dryRun')}
          description={t('dryRunHint')}
          checked={value.dry_run}
          onChange={(event) => onChange({ ...value, dry_run: event.currentTarget.checked })}
        />
      )}
      <Switch
        label={t('deleteUntagged')}
        description={t('deleteUntaggedHint')}
        checked={value.delete_untagged}
        onChange={(event) => onChange({ ...value, delete_untagged: event.currentTarget.checked })}
      />
      <NumberInput
        label={t('workers')}
        description={t('workersHint')}
        min={1}
        max={10}
        clampBehavior="strict"
        value={value.workers}
        onChange={(workers) => onChange({ ...value, workers: Number(workers) || 1 })}
      />
    </>
  )
}

/** Of Harbor's `job_parameters`: what was asked for and, of a run that ended, what came of it. */
export type GarbageParameters = Partial<GarbageOptions> & {
  readonly freed_space?: number
  readonly purged_blobs?: number
  readonly purged_manifests?: number
}

export function parseParameters(text: string | undefined): GarbageParameters {
  return text === undefined ? {} : (JSON.parse(text) as GarbageParameters)
}

/** `dry run, 2 workers` */
export function useOptionsText(): (options: GarbageParameters) => string {
  const t = useTranslations('maintenance.garbage')
  return ({ dry_run: dryRun, delete_untagged: untagged, workers = 1 }) =>
    [dryRun && t('optionDryRun'), untagged && t('optionUntagged'), t('workersCount', { count: workers })]
      .filter(Boolean)
      .join(', ')
}
