import { Skeleton } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { useTranslations } from 'use-intl'
import { Section } from '../../components/page.tsx'
import { ErrorFace } from '../../components/states.tsx'
import { useFormat } from '../../i18n/format.ts'
import type { ActivityPoint } from './home-page.tsx'

const chartModule = async () => await import('../bundles/charts.ts')
const TrendChart = lazy(async () => ({ default: (await chartModule()).TrendChart }))
const Legend = lazy(async () => ({ default: (await chartModule()).Legend }))

interface CardProps {
  readonly points: readonly ActivityPoint[] | undefined
  readonly error: Error | null
}

export function ActivityCard({ points, error }: CardProps) {
  const t = useTranslations('home')
  const format = useFormat()
  const pulls = points?.map((point) => point.pulls) ?? []
  const pushes = points?.map((point) => point.pushes) ?? []
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
  const series = [
    { label: t('pulls'), values: pulls, color: '--berth-chart-1' },
    { label: t('pushes'), values: pushes, color: '--berth-chart-2' },
  ]
  return (
    <Section title={t('activity')} actions={<Suspense>{<Legend series={series} />}</Suspense>}>
      {points === undefined ? (
        <Waiting error={error} />
      ) : (
        <Suspense fallback={<Waiting error={null} />}>
          <TrendChart
            kind="bars"
            label={t('activityLabel', { pulls: total(pulls), pushes: total(pushes) })}
            times={points.map(({ time }) => Date.parse(time))}
            series={series}
            formatValue={format.compact}
          />
        </Suspense>
      )}
    </Section>
  )
}

export function StorageCard({ points, error }: CardProps) {
  const t = useTranslations('home')
  const format = useFormat()
  const valuesOf = (key: 'logical_bytes' | 'physical_bytes') => points?.map((point) => point[key] ?? null) ?? []
  const logical = valuesOf('logical_bytes')
  const physical = valuesOf('physical_bytes')
  const series = [
    { label: t('logical'), values: logical, color: '--berth-chart-3' },
    { label: t('physical'), values: physical, color: '--berth-chart-1' },
  ]
  const last = (values: readonly (number | null)[]) => format.size(values.findLast((value) => value !== null) ?? 0)
  return (
    <Section title={t('storage')} actions={<Suspense>{<Legend series={series} />}</Suspense>}>
      {points === undefined ? (
        <Waiting error={error} />
      ) : (
        <Suspense fallback={<Waiting error={null} />}>
          <TrendChart
            kind="area"
            unit="bytes"
            label={t('storageLabel', { logical: last(logical), physical: last(physical) })}
            times={points.map(({ time }) => Date.parse(time))}
            series={series}
            formatValue={format.size}
          />
        </Suspense>
      )}
    </Section>
  )
}

function Waiting({ error }: { readonly error: Error | null }) {
  return error === null ? <Skeleton height={200} /> : <ErrorFace error={error} />
}
