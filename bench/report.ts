import { nameOf, verdicts } from './aims.ts'
import { median } from './client/closed-loop.ts'
import { cpuCostOf, rateOf, type Measurement, type Row } from './measurement.ts'

/** One line of the table, in numbers. Ratios are Berth's value divided by the other's, round by round. */
export interface Summary {
  readonly row: Row
  readonly registries: Readonly<Record<string, RegistrySummary>>
  readonly rateRatio: Ratio | undefined
  readonly cpuRatio: Ratio | undefined
}
export interface RegistrySummary {
  readonly rate: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuCost: number
  readonly cpuSeconds: number
  readonly peakMemoryBytes: number
  readonly clientCpuShare: number
}
export interface Ratio {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

/** `other`: the registry that Berth is compared with. */
export function summarise(row: Row, other = 'distribution'): Summary {
  const names = Object.keys(row.rounds[0] ?? {})
  const registries = Object.fromEntries(
    names.map((name) => [
      name,
      summariseRegistry(
        row,
        row.rounds.map((round) => round[name]!),
      ),
    ]),
  )
  return {
    row,
    registries,
    rateRatio: ratio(row, other, (measurement) => rateOf(row.unit, measurement)),
    cpuRatio:
      row.unit === 'milliseconds' ? undefined : ratio(row, other, (measurement) => cpuCostOf(row.unit, measurement)),
  }
}

function summariseRegistry(row: Row, measurements: readonly Measurement[]): RegistrySummary {
  const of = (value: (measurement: Measurement) => number) => median(measurements.map(value))
  return {
    rate: of((one) => rateOf(row.unit, one)),
    p50Ms: of((one) => one.p50Ms),
    p99Ms: of((one) => one.p99Ms),
    cpuCost: of((one) => cpuCostOf(row.unit, one)),
    cpuSeconds: of((one) => one.serverCpuSeconds),
    peakMemoryBytes: Math.max(...measurements.map((one) => one.serverPeakMemoryBytes)),
    clientCpuShare: of((one) => one.clientCpuSeconds / one.seconds),
  }
}

function ratio(row: Row, other: string, value: (measurement: Measurement) => number): Ratio | undefined {
  const ratios = row.rounds.flatMap(({ berth, [other]: compared }) =>
    berth && compared ? [value(berth) / value(compared)] : [],
  )
  if (ratios.length === 0) return undefined
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) }
}

/** The table as Markdown. */
export function markdownTable(rows: readonly Row[], other = 'distribution'): string {
  const title = other === 'distribution' ? 'Distribution' : other
  const lines = [
    `| workload | connections | Berth | ${title} | ratio | p99 ms | CPU ratio | CPU | peak MB | client CPU |`,
    '|---|---|---|---|---|---|---|---|---|---|',
  ]
  for (const row of rows) lines.push(`| ${cells(summarise(row, other), other).join(' | ')} |`)
  return lines.join('\n')
}

/** What the run says about each aim, as Markdown. */
export function markdownVerdicts(rows: readonly Row[]): string {
  const all = verdicts(rows.map((row) => summarise(row)))
  const lines = all.map(({ aim, measured, met }) => `| ${aim} | ${measured} | ${met ? 'yes' : '**no**'} |`)
  return ['| aim | measured | met |', '|---|---|---|', ...lines].join('\n')
}

function cells(summary: Summary, other: string): string[] {
  const { row, registries, rateRatio, cpuRatio } = summary
  const { berth, [other]: compared } = registries
  const both = (show: (one: RegistrySummary) => string) =>
    [berth, compared].map((one) => (one ? show(one) : '–')).join(' / ')
  const starting = row.unit === 'milliseconds'
  const rate = (one: RegistrySummary | undefined) => (one ? showRate(row, one) : '–')
  return [
    nameOf(summary),
    String(row.connections),
    rate(berth),
    rate(compared),
    showRatio(rateRatio),
    both((one) => one.p99Ms.toFixed(one.p99Ms < 10 ? 2 : 0)),
    starting ? '' : showRatio(cpuRatio),
    starting ? '' : both((one) => one.cpuCost.toFixed(2)),
    starting ? '' : both((one) => (one.peakMemoryBytes / 1e6).toFixed(0)),
    starting ? '' : both((one) => `${Math.round(one.clientCpuShare * 100)} %`),
  ]
}

function showRate(row: Row, one: RegistrySummary): string {
  switch (row.unit) {
    case 'bytes':
      return `${(one.rate / 1e6).toFixed(0)} MB/s`
    case 'milliseconds':
      return `${one.p50Ms.toFixed(0)} ms`
    case 'images':
      return `${one.rate.toFixed(0)} images/s`
    case 'requests':
      return `${one.rate.toFixed(0)}/s`
  }
}

function showRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return '–'
  const show = (value: number) => (value >= 10 ? value.toFixed(1) : value.toFixed(2))
  return `**${show(ratio.median)}** (${show(ratio.lowest)}–${show(ratio.highest)})`
}
