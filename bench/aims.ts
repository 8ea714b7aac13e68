import type { Ratio, Summary } from './report.ts'

/** One thing the project promises about speed, and what this run says about it. */
export interface Verdict {
  readonly aim: string
  readonly measured: string
  readonly met: boolean
}

/** Checks every aim that the rows of a run can answer. */
export function verdicts(summaries: readonly Summary[]): Verdict[] {
  return summaries.flatMap(ofRow).concat(flatness(summaries))
}

function ofRow(summary: Summary): Verdict[] {
  const { row, rateRatio, cpuRatio, registries } = summary
  const where = `${nameOf(summary)}, ${row.connections} connection${row.connections === 1 ? '' : 's'}`
  const atLeast = (least: number): Verdict[] =>
    rateRatio === undefined ? [] : [verdict(`${where}: rate ≥ ${least}`, rateRatio, rateRatio.median >= least)]
  const cpuAtMost = (most: number): Verdict[] =>
    cpuRatio === undefined ? [] : [verdict(`${where}: CPU ≤ ${most}`, cpuRatio, cpuRatio.median <= most)]
  const { berth } = registries
  switch (row.workload) {
    case 'manifest by tag':
    case 'HEAD blob':
      return atLeast(10)
    case 'small-image push':
      return atLeast(3)
    case 'push by three requests':
    case 'push by chunks':
    case 'push by monolithic':
      return (row.sizeBytes ?? 0) >= 10_000_000 ? atLeast(1.5) : []
    case 'pull':
      return row.tls ? cpuAtMost(0.6) : [...atLeast(1), ...cpuAtMost(0.8)]
    case 'pull and push': {
      if (berth === undefined) return []
      const megabytes = berth.peakMemoryBytes / 1e6
      return [{ aim: `${where}: memory < 150 MB`, measured: `${megabytes.toFixed(0)} MB`, met: megabytes < 150 }]
    }
    case 'start': {
      if (berth === undefined) return []
      return [{ aim: `${where}: ready < 500 ms`, measured: `${berth.p50Ms.toFixed(0)} ms`, met: berth.p50Ms < 500 }]
    }
    default:
      return []
  }
}

/** Twice as slow still counts as flat: 100-fold growth that cost anything like its factor would show. */
const flatFactor = 2

function flatness(summaries: readonly Summary[]): Verdict[] {
  return ['tags list', 'catalog'].flatMap((workload) => {
    const rows = summaries.filter(
      ({ row, registries }) => row.workload === workload && registries['berth'] !== undefined,
    )
    const [first, last] = [rows.at(0), rows.at(-1)]
    if (first === undefined || last === undefined || first === last) return []
    const [before, after] = [first.registries['berth']!.p99Ms, last.registries['berth']!.p99Ms]
    const measured = `${before.toFixed(2)} → ${after.toFixed(2)} ms`
    return [
      {
        aim: `${workload} ${first.row.detail} → ${last.row.detail}: p99 flat`,
        measured,
        met: after < before * flatFactor,
      },
    ]
  })
}

function verdict(aim: string, ratio: Ratio, met: boolean): Verdict {
  return { aim, measured: `${ratio.median.toFixed(2)} (${ratio.lowest.toFixed(2)}–${ratio.highest.toFixed(2)})`, met }
}

/** A line's name without its connections. */
export function nameOf({ row }: Summary): string {
  const size = row.sizeBytes === undefined ? '' : ` ${row.sizeBytes / 1e6} MB`
  return `${row.workload}${size}${row.detail ? ` ${row.detail}` : ''}${row.tls ? ', TLS' : ''}`
}
