import { median } from '../client/closed-loop.ts'
import type { Measured, Pair } from './pair.ts'

/** A line: for every round, both databases. */
export interface Row {
  readonly workload: string
  readonly rounds: readonly Pair<Measured>[]
}

interface Cost {
  readonly p50Ms: number
  readonly p99Ms: number
  /** Per request, as are all that follow. */
  readonly statements: number
  readonly serverCpuMs: number
  readonly databaseCpuMs: number
  readonly blocksRead: number
}

export interface Summary {
  readonly workload: string
  readonly small: Cost
  readonly large: Cost
  /** The large one's p99 divided by that of the small one, round by round. */
  readonly p99Ratio: number
  readonly p50Ratio: number
}

export function summarise({ workload, rounds }: Row): Summary {
  const ratioOf = (value: (one: Measured) => number) =>
    median(rounds.map(([small, large]) => value(large) / value(small)))
  return {
    workload,
    small: costOf(rounds.map(([small]) => small)),
    large: costOf(rounds.map(([, large]) => large)),
    p99Ratio: ratioOf(({ p99Ms }) => p99Ms),
    p50Ratio: ratioOf(({ p50Ms }) => p50Ms),
  }
}

function costOf(measurements: readonly Measured[]): Cost {
  const of = (value: (one: Measured) => number) => median(measurements.map(value))
  return {
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    statements: of(({ statements, operations }) => statements / operations),
    serverCpuMs: of(({ serverCpuSeconds, operations }) => (serverCpuSeconds * 1000) / operations),
    databaseCpuMs: of(({ databaseCpuSeconds, operations }) => (databaseCpuSeconds * 1000) / operations),
    blocksRead: of(({ blocksRead, operations }) => blocksRead / operations),
  }
}

/** Where two numbers stand, the first is of the small database. */
export const markdownHead = [
  '| workload | p50 ms | p99 ms | p50 ratio | p99 ratio | statements | CPU ms of Berth | CPU ms of PostgreSQL | pages read |',
  '|---|---|---|---|---|---|---|---|---|',
].join('\n')

export function markdownRow({ workload, small, large, p50Ratio, p99Ratio }: Summary): string {
  const both = (value: (cost: Cost) => number, digits = 2) =>
    `${value(small).toFixed(digits)} / ${value(large).toFixed(digits)}`
  const cells = [
    workload,
    both(({ p50Ms }) => p50Ms),
    both(({ p99Ms }) => p99Ms),
    p50Ratio.toFixed(2),
    `**${p99Ratio.toFixed(2)}**`,
    both(({ statements }) => statements, 1),
    both(({ serverCpuMs }) => serverCpuMs),
    both(({ databaseCpuMs }) => databaseCpuMs),
    both(({ blocksRead }) => blocksRead, 1),
  ]
  return `| ${cells.join(' | ')} |`
}
