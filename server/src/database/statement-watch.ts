import { AsyncLocalStorage } from 'node:async_hooks'

export interface TimedStatement {
  /** Without its values: those are bound. */
  readonly sql: string
  readonly ms: number
}

const maxKept = 5

/** What the statements of one piece of work took: all of them counted, the slowest by their text. */
export class StatementTimes {
  count = 0
  totalMs = 0
  readonly #slowest: TimedStatement[] = []

  add(sql: string, ms: number): void {
    this.count += 1
    this.totalMs += ms
    const slowest = this.#slowest
    if (slowest.length === maxKept && ms <= slowest[maxKept - 1]!.ms) return
    const at = slowest.findIndex((each) => each.ms < ms)
    slowest.splice(at < 0 ? slowest.length : at, 0, { sql, ms })
    if (slowest.length > maxKept) slowest.pop()
  }

  /** The slowest first. */
  get slowest(): readonly TimedStatement[] {
    return this.#slowest
  }
}

const watched = new AsyncLocalStorage<StatementTimes>()

/** Runs `work`; its statements are timed, on every connection. */
export const watchStatements = <Result>(times: StatementTimes, work: () => Result): Result => watched.run(times, work)

/** Asked before a statement waits for its turn, which may come in another's name. */
export const currentTimes = (): StatementTimes | undefined => watched.getStore()
