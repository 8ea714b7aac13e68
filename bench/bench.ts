import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BlobPool } from './client/blob-pool.ts'
import { Connection } from './client/connection.ts'
import { RegistryRequests } from './client/registry-requests.ts'
import type { Measurement, Row, RowKey } from './measurement.ts'
import type { Plan } from './plan.ts'
import { freePort } from './subjects/server-process.ts'
import type { StartOptions, Subject, SubjectKind } from './subjects/subject.ts'

/** A running registry with the requests that may be sent to it. */
export interface Target {
  readonly subject: Subject
  readonly requests: RegistryRequests
}

/** The repository that everything is pushed to unless a workload needs many. */
export const repository = 'library/bench'

const scopes = [`repository:${repository}:pull,push`, 'registry:catalog:*']

/** What every workload is given: the registries to compare, the plan, and where to write. */
export class Bench {
  readonly plan: Plan
  readonly pool: BlobPool
  readonly rows: Row[] = []
  readonly #kinds: readonly SubjectKind[]
  readonly #readers: readonly SubjectKind[]
  readonly #folder: string
  readonly #tls: NonNullable<StartOptions['tls']>
  #turns = 0
  readonly #progress: (row: Row) => void

  constructor(options: {
    readonly plan: Plan
    readonly kinds: readonly SubjectKind[]
    /** Those and, for workloads that only read, a file server. */
    readonly readers: readonly SubjectKind[]
    readonly folder: string
    readonly tls: NonNullable<StartOptions['tls']>
    readonly progress: (row: Row) => void
  }) {
    this.plan = options.plan
    this.pool = new BlobPool(100_000_000)
    this.#kinds = options.kinds
    this.#readers = options.readers
    this.#folder = options.folder
    this.#tls = options.tls
    this.#progress = options.progress
  }

  /** Runs `use` with all registries up, each over its part of `store`, which stays for the next call. */
  async withAll<Result>(
    store: string,
    tls: boolean,
    use: (targets: readonly Target[]) => Promise<Result>,
  ): Promise<Result> {
    return await this.#withEach(this.#kinds, store, tls, use)
  }

  /** The same with what can only be read from. */
  async withReaders<Result>(
    store: string,
    tls: boolean,
    use: (targets: readonly Target[]) => Promise<Result>,
  ): Promise<Result> {
    return await this.#withEach(this.#readers, store, tls, use)
  }

  async #withEach<Result>(
    kinds: readonly SubjectKind[],
    store: string,
    tls: boolean,
    use: (targets: readonly Target[]) => Promise<Result>,
  ): Promise<Result> {
    const targets: Target[] = []
    try {
      for (const kind of kinds) targets.push(await this.#start(kind, store, tls))
      return await use(targets)
    } finally {
      for (const { subject } of targets) await subject.stop()
    }
  }

  /** For each registry in turn: starts it over an empty folder, runs `use`, stops it and removes the folder. */
  async eachFresh<Result>(tls: boolean, use: (target: Target) => Promise<Result>): Promise<Record<string, Result>> {
    const results: Record<string, Result> = {}
    for (const kind of this.#inTurn(this.#kinds)) {
      await this.removeStore('fresh')
      const target = await this.#start(kind, 'fresh', tls)
      try {
        results[kind.name] = await use(target)
      } finally {
        await target.subject.stop()
        await this.removeStore('fresh')
      }
    }
    return results
  }

  /**
   * Requests that may push to any repository of the project. Only for filling a store: what is
   * measured goes with the narrow token of a client.
   */
  fillerFor({ subject }: Target): RegistryRequests {
    return new RegistryRequests(subject.endpoint, subject.administratorAuthorization())
  }

  /** Starts and stops each registry over `store`: milliseconds until the first answer. */
  async startTimes(store: string): Promise<Record<string, number>> {
    const times: Record<string, number> = {}
    for (const kind of this.#inTurn(this.#kinds)) {
      const { subject } = await this.#start(kind, store, false)
      times[kind.name] = subject.readyMs
      await subject.stop()
    }
    return times
  }

  async removeStore(store: string): Promise<void> {
    await rm(join(this.#folder, store), { recursive: true, force: true })
  }

  /**
   * The heart of the comparison: `rounds` times, one registry after the other, A B B A, so that
   * whatever else the machine does meets both alike and every ratio is of neighbours.
   */
  async alternate(
    key: RowKey,
    targets: readonly Target[],
    measureOne: (target: Target, round: number) => Promise<Measurement>,
  ): Promise<void> {
    const rounds: Record<string, Measurement>[] = []
    for (let round = 0; round < this.plan.rounds; round++) {
      const results: Record<string, Measurement> = {}
      for (const target of this.#inTurn(targets)) results[target.subject.name] = await measureOne(target, round)
      rounds.push(results)
    }
    this.record({ ...key, rounds })
  }

  /**
   * Forwards and backwards by turns. Who comes first meets memory and disk that nobody has touched yet, and on a
   * virtual machine those are several times slower at their first use.
   */
  #inTurn<Each>(all: readonly Each[]): readonly Each[] {
    this.#turns += 1
    return this.#turns % 2 === 0 ? [...all].reverse() : all
  }

  record(row: Row): void {
    this.rows.push(row)
    this.#progress(row)
  }

  async #start(kind: SubjectKind, store: string, tls: boolean): Promise<Target> {
    const folder = join(this.#folder, store, kind.name)
    await mkdir(folder, { recursive: true })
    const subject = await kind.start({ folder, port: freePort(), tls: tls ? this.#tls : undefined })
    try {
      const requests = new RegistryRequests(subject.endpoint, await subject.authorization(scopes))
      return { subject, requests }
    } catch (error) {
      await subject.stop()
      throw error
    }
  }
}

/** Runs `use` with one connection to a registry. */
export async function withConnection<Result>(
  target: Target,
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await Connection.open(target.subject.endpoint)
  try {
    return await use(connection)
  } finally {
    connection.close()
  }
}
