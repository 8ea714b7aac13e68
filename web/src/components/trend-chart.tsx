import { useComputedColorScheme, VisuallyHidden } from '@mantine/core'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useTranslations } from 'use-intl'
import { useFormat, type Format } from '../i18n/format.ts'
import styles from './trend-chart.module.css'

export interface Series {
  readonly label: string
  /** As long as `times`; null where nothing is known. */
  readonly values: readonly (number | null)[]
  /** A variable of global.css. */
  readonly color: string
}

interface TrendChartProps {
  /** What it shows, in a sentence, for who cannot see it. */
  readonly label: string
  readonly kind: 'bars' | 'area'
  /** Milliseconds. */
  readonly times: readonly number[]
  readonly series: readonly Series[]
  readonly height?: number
  /** Bytes are counted in powers of two, so their axis is too. */
  readonly unit?: 'bytes'
  formatValue(value: number): string
}

/** 1, 2, 5 … KiB, MiB, and so on. */
const binarySteps = [10, 20, 30, 40, 50].flatMap((power) =>
  [1, 2, 5, 10, 20, 50, 100, 200, 500].map((factor) => factor * 2 ** power),
)

interface Pointed {
  readonly index: number
  readonly left: number
}

/**
 * Values over time. It is large for what it does, so pages load it behind themselves:
 * `lazy(() => import('…/trend-chart.tsx'))`.
 */
export function TrendChart({ label, kind, times, series, height = 200, unit, formatValue }: TrendChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const format = useFormat()
  const scheme = useComputedColorScheme()
  const [pointed, setPointed] = useState<Pointed>()
  const pointAt = useEffectEvent((next: Pointed | undefined) => setPointed(next))
  // Drawn anew when what is drawn changes, whichever array it comes in.
  const key = JSON.stringify([kind, times, series.map(({ values, color }) => [values, color]), height, scheme])
  const draw = useEffectEvent((element: HTMLDivElement, _drawn: string) =>
    drawChart(element, { kind, times, series, height, unit, format, formatValue, onPoint: pointAt }),
  )
  useEffect(() => {
    const chart = draw(place.current!, key)
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) chart.setSize({ width: Math.floor(entry.contentRect.width), height })
    })
    observer.observe(place.current!)
    return () => {
      observer.disconnect()
      chart.destroy()
    }
  }, [key, height])
  const time = pointed === undefined ? undefined : times[pointed.index]
  return (
    <figure className={styles.figure}>
      <div ref={place} className={styles.place} data-scheme={scheme} role="img" aria-label={label} />
      <NumberTable label={label} times={times} series={series} formatValue={formatValue} />
      {pointed !== undefined && time !== undefined && (
        <div className={styles.tip} style={{ left: pointed.left }} aria-hidden>
          <div className={styles.time}>{format.dateTime(new Date(time))}</div>
          {series.map(({ label: name, color, values }) => (
            <div key={name} className={styles.line}>
              <i style={{ background: `var(${color})` }} />
              <span>{name}</span>
              <b>{valueAt(values, pointed.index, formatValue)}</b>
            </div>
          ))}
        </div>
      )}
    </figure>
  )
}

/** The same numbers for who hears them. */
function NumberTable({
  label,
  times,
  series,
  formatValue,
}: Pick<TrendChartProps, 'label' | 'times' | 'series' | 'formatValue'>) {
  const t = useTranslations('common')
  const format = useFormat()
  return (
    <VisuallyHidden>
      <table>
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            {series.map(({ label: name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, index) => (
            <tr key={time}>
              <th scope="row">{format.dateTime(new Date(time))}</th>
              {series.map(({ label: name, values }) => (
                <td key={name}>{valueAt(values, index, formatValue)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </VisuallyHidden>
  )
}

function valueAt(values: Series['values'], index: number, formatValue: (value: number) => string): string {
  const value = values[index]
  return value === null || value === undefined ? '–' : formatValue(value)
}

/** What the colours of a chart mean; beside its heading. */
export function Legend({ series }: { readonly series: readonly Pick<Series, 'label' | 'color'>[] }) {
  return (
    <ul className={styles.legend}>
      {series.map(({ label, color }) => (
        <li key={label}>
          <i style={{ background: `var(${color})` }} />
          {label}
        </li>
      ))}
    </ul>
  )
}

interface Drawing extends Pick<TrendChartProps, 'kind' | 'times' | 'series' | 'formatValue'> {
  readonly height: number
  readonly unit: 'bytes' | undefined
  readonly format: Format
  onPoint(pointed: Pointed | undefined): void
}

function drawChart(element: HTMLDivElement, drawing: Drawing): uPlot {
  const { kind, times, series, height, unit, format, formatValue, onPoint } = drawing
  const color = (name: string) => getComputedStyle(element).getPropertyValue(name).trim()
  const font = `12px ${getComputedStyle(element).fontFamily}`
  const quiet = color('--berth-quiet')
  const line = color('--berth-line')
  const axis = { stroke: quiet, font, ticks: { show: false }, grid: { stroke: line, width: 1 } }
  const step = ((times[1] ?? 0) - (times[0] ?? 0)) / 1_000
  // Half a bar stands before its time and half behind it.
  const margin = kind === 'bars' ? step / 2 : 0
  const daily = (times[1] ?? 0) - (times[0] ?? 0) >= 86_400_000
  const hours = new Intl.DateTimeFormat(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' })
  const days = new Intl.DateTimeFormat(document.documentElement.lang, { month: 'short', day: 'numeric' })
  return new uPlot(
    {
      width: Math.max(element.clientWidth, 200),
      height,
      padding: [12, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false }, points: { show: kind === 'area' } },
      scales: {
        x: { time: true, range: (_chart, min, max) => [min - margin, max + margin] },
        y: { range: (_chart, _min, max) => [0, max > 0 ? max * 1.12 : 1] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 30,
          space: 70,
          values: (_chart, splits) =>
            splits.map((split) => {
              const at = new Date(split * 1_000)
              return daily || at.getHours() + at.getMinutes() === 0 ? days.format(at) : hours.format(at)
            }),
        },
        {
          ...axis,
          size: 64,
          space: 36,
          ...(unit === 'bytes' ? { incrs: binarySteps } : {}),
          values: (_chart, splits) => splits.map((split) => (Number.isInteger(split) ? formatValue(split) : '')),
        },
      ],
      series: [
        {},
        ...series.map(({ color: name }) => ({
          stroke: color(name),
          width: kind === 'bars' ? 0 : 2,
          fill: kind === 'bars' ? color(name) : withAlpha(color(name), 0.1),
          points: { show: false },
          ...(kind === 'bars' ? { paths: uPlot.paths.bars!({ size: [0.7, 28], radius: 0.2 }) } : {}),
        })),
      ],
      hooks: {
        setCursor: [
          (chart) => {
            const { idx, left = -1 } = chart.cursor
            const plotLeft = chart.bbox.left / devicePixelRatio
            onPoint(left < 0 || idx === null || idx === undefined ? undefined : { index: idx, left: plotLeft + left })
          },
        ],
      },
      tzDate: (time) => new Date(time * 1_000),
      fmtDate: () => (date) => format.dateTime(date),
    },
    [times.map((time) => time / 1_000), ...stacked(kind, series)] as uPlot.AlignedData,
    element,
  )
}

/** Bars stand on each other: the first is drawn highest and the others over it. */
function stacked(kind: 'bars' | 'area', series: readonly Series[]): (number | null)[][] {
  if (kind === 'area') return series.map(({ values }) => [...values])
  return series.map((_, at) =>
    series[0]!.values.map((_value, index) =>
      series.slice(at).reduce((sum, { values }) => sum + (values[index] ?? 0), 0),
    ),
  )
}

function withAlpha(color: string, alpha: number): string {
  return `color-mix(in srgb, ${color} ${alpha * 100}%, transparent)`
}
