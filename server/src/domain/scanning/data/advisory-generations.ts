import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import type { Database, Writer } from '../../../database/database.ts'
import { actorName, type Actor } from '../../access/actor.ts'
import type { Clock } from '../../clock.ts'
import { faultPoint } from '../../../runtime/fault-points.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import type { AdvisoryGeneration } from '../advisories.ts'
import { AdvisoryFile, type SourceSummary } from './advisory-file.ts'
import { chunksOf, findInUse, findState, forget, forgetOlder, storeChunks, switchTo } from './generation-rows.ts'
import { openWorkFolder, removeAbandoned } from './work-folder.ts'

export interface AdvisoryGenerationsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  /** For the files of generations, which this process may make anew at any time. */
  readonly folder: string
}

/** The copy of the data in use that becomes the next generation, and a folder for whatever is unpacked on the way. */
export interface Draft {
  readonly path: string
  readonly folder: string
}

/** Changes the draft; returns what came of it. It runs outside of any transaction. */
export type ChangeAdvisories<Result> = (draft: Draft) => Promise<Result>

export interface ReplaceOptions {
  /** Where the new data came from, for people. */
  readonly origin?: string
  /** The transaction of the switch, for whoever has something to do together with it; one of its own when left out. */
  readonly transact?: (change: (tx: Writer) => Promise<number>) => Promise<unknown>
}

export interface KnownGeneration extends AdvisoryGeneration {
  readonly inUse: boolean
  readonly importedBy: string
  readonly size: number
  /** A file's name, or an artifact of a registry; empty where nobody said. */
  readonly origin: string
}

/** The data in use, for somebody who does other work between two lookups. */
export interface BorrowedAdvisories extends Disposable {
  readonly source: AdvisoryFile
}

interface OpenGeneration {
  readonly file: AdvisoryFile
  /** Those who have borrowed it. */
  users: number
  isClosed: boolean
}

function closeUnused(opened: OpenGeneration): void {
  if (opened.users > 0 || opened.isClosed) return
  opened.isClosed = true
  opened.file[Symbol.dispose]()
}

/** How many older ones stay, to go back to. */
const keptGenerations = 2

/**
 * The vulnerability data of the registry. The database has it, packed, so that every replica has the same; each process reads a
 * file of its own copy of the generation in use. Data changes by making the next generation and switching to it in one step.
 */
export class AdvisoryGenerations implements Disposable {
  readonly #options: AdvisoryGenerationsOptions
  #opened: OpenGeneration | undefined
  #opening: Promise<OpenGeneration> | undefined

  constructor(options: AdvisoryGenerationsOptions) {
    this.#options = options
  }

  /** The data in use, for lookups at once; whoever waits in between borrows it. Undefined when none was ever imported. */
  async current(): Promise<AdvisoryFile | undefined> {
    return (await this.#current())?.file
  }

  /** The data in use, which stays as it is until it is disposed of, whatever is imported meanwhile. */
  async borrow(): Promise<BorrowedAdvisories | undefined> {
    for (;;) {
      const opened = await this.#current()
      if (opened === undefined) return undefined
      if (opened.isClosed) continue // another was opened in the same moment
      opened.users += 1
      return {
        source: opened.file,
        [Symbol.dispose]: () => {
          opened.users -= 1
          if (opened !== this.#opened) closeUnused(opened)
        },
      }
    }
  }

  async #current(): Promise<OpenGeneration | undefined> {
    const row = await this.#options.database.read
      .selectFrom('advisory_generation')
      .select(['number', 'digest', 'imported_at'])
      .where('state', '=', 'in-use')
      .executeTakeFirst()
    if (row === undefined) return undefined
    if (this.#opened?.file.generation.number === row.number) return this.#opened
    this.#opening ??= this.#open(row).finally(() => {
      this.#opening = undefined
    })
    return await this.#opening
  }

  /** Newest first. */
  async list(): Promise<readonly KnownGeneration[]> {
    const rows = await this.#options.database.read
      .selectFrom('advisory_generation')
      .selectAll()
      .where('state', '!=', 'building')
      .orderBy('number', 'desc')
      .execute()
    return rows.map((row) => ({
      number: row.number,
      inUse: row.state === 'in-use',
      sources: JSON.parse(row.sources) as readonly SourceSummary[],
      dataTime: row.data_time === null ? '' : new Date(row.data_time).toISOString(),
      importTime: new Date(row.imported_at).toISOString(),
      importedBy: row.username,
      size: row.size,
      origin: row.origin ?? '',
    }))
  }

  /**
   * Makes the next generation from the one in use and switches to it.
   * @throws DomainError CONFLICT when somebody else switched meanwhile; what `change` throws
   */
  async replace<Result>(
    actor: Actor,
    change: ChangeAdvisories<Result>,
    options: ReplaceOptions = {},
  ): Promise<{ generation: AdvisoryGeneration; result: Result }> {
    const { folder, clock } = this.#options
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await removeAbandoned(folder, clock.now())
    await using work = await openWorkFolder(folder)
    const draft = { path: join(work.path, 'advisories.db'), folder: work.path }
    const before = await this.current()
    if (before !== undefined) await copyFile(this.#pathOf(before.generation.number), draft.path)
    const result = await change(draft)
    const generation = await this.#store(actor, draft.path, { ...options, before: before?.generation.number })
    return { generation, result }
  }

  /** Goes back to a generation that is still kept. @throws DomainError GENERATION_UNKNOWN */
  async use(actor: Actor, number: number): Promise<void> {
    const { database, events } = this.#options
    await database.write(async (tx) => {
      await findState(tx, number)
      await switchTo(tx, number)
      await events.record(tx, actor, { type: 'use_vulnerability_data', generation: number })
    })
  }

  /** Forgets an older generation. @throws DomainError GENERATION_UNKNOWN, CONFLICT for the one in use */
  async remove(actor: Actor, number: number): Promise<void> {
    const { database, events } = this.#options
    await database.write(async (tx) => {
      const state = await findState(tx, number)
      if (state === 'in-use')
        throw new DomainError('CONFLICT', `scans use vulnerability data ${number}; use another one first`)
      await forget(tx, [number])
      await events.record(tx, actor, { type: 'delete_vulnerability_data', generation: number })
    })
  }

  [Symbol.dispose](): void {
    this.#opened?.file[Symbol.dispose]()
    this.#opened = undefined
  }

  async #store(
    actor: Actor,
    path: string,
    { before, origin, transact }: ReplaceOptions & { readonly before: number | undefined },
  ): Promise<AdvisoryGeneration> {
    const { database, clock, events } = this.#options
    const { digest, size } = await describe(path)
    const importTime = new Date(clock.now()).toISOString()
    using draft = new AdvisoryFile(path, { number: 0, importTime })
    const { sources, dataTime } = draft.generation
    faultPoint('advisories-before-row')
    const number = await database.write(async (tx) => {
      const { last } = await tx
        .selectFrom('advisory_generation')
        .select((eb) => eb.fn.max('number').as('last'))
        .executeTakeFirstOrThrow()
      const next = Number(last ?? 0) + 1
      await tx
        .insertInto('advisory_generation')
        .values({
          number: next,
          state: 'building',
          digest,
          size,
          sources: JSON.stringify(sources),
          data_time: dataTime === '' ? null : Date.parse(dataTime),
          imported_at: Date.parse(importTime),
          username: actorName(actor),
          origin: origin ?? null,
        })
        .execute()
      return next
    })
    await storeChunks(database, number, path)
    faultPoint('advisories-before-switch')
    const change = async (tx: Writer) => {
      const inUse = await findInUse(tx)
      if (inUse !== before) {
        throw new DomainError('CONFLICT', 'other vulnerability data was imported meanwhile; import this again')
      }
      await switchTo(tx, number)
      await forgetOlder(tx, number - keptGenerations)
      await events.record(tx, actor, {
        type: 'import_vulnerability_data',
        generation: number,
        sources: sources.map(({ name }) => name),
        ...(origin === undefined ? {} : { origin }),
      })
      return number
    }
    await (transact ?? ((work) => database.write(work)))(change)
    faultPoint('advisories-after-switch')
    return { number, sources, dataTime, importTime }
  }

  async #open(row: {
    readonly number: number
    readonly digest: string
    readonly imported_at: number
  }): Promise<OpenGeneration> {
    const path = this.#pathOf(row.number)
    const known = await stat(path).catch(() => undefined)
    if (known === undefined || (await describe(path)).digest !== row.digest) await this.#fetch(row.number, row.digest)
    const file = new AdvisoryFile(path, { number: row.number, importTime: new Date(row.imported_at).toISOString() })
    const [older, opened] = [this.#opened, { file, users: 0, isClosed: false }]
    this.#opened = opened
    if (older !== undefined) closeUnused(older)
    await this.#removeOlderFiles(row.number)
    return opened
  }

  /** Writes the file of a generation from the database, whole or not at all. */
  async #fetch(number: number, digest: string): Promise<void> {
    const { folder, database } = this.#options
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await using work = await openWorkFolder(folder)
    const unfinished = join(work.path, 'advisories.db')
    await pipeline(
      Readable.from(chunksOf(database.read, number)),
      createZstdDecompress(),
      createWriteStream(unfinished, { mode: 0o600 }),
    )
    if ((await describe(unfinished)).digest !== digest) {
      throw new DomainError('UNAVAILABLE', `vulnerability data ${number} is not what was imported; import it again`)
    }
    await rename(unfinished, this.#pathOf(number))
  }

  async #removeOlderFiles(number: number): Promise<void> {
    const { folder } = this.#options
    for (const name of await readdir(folder)) {
      const other = /^advisories-(\d+)\.db$/.exec(name)?.[1]
      // Another process may still read one; its file stays until it closes it.
      if (other !== undefined && Number(other) < number - keptGenerations) await rm(join(folder, name), { force: true })
    }
  }

  #pathOf(number: number): string {
    return join(this.#options.folder, `advisories-${number}.db`)
  }
}

async function describe(path: string): Promise<{ readonly digest: string; readonly size: number }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Buffer)
    size += (chunk as Buffer).length
  }
  return { digest: `sha256:${hash.digest('hex')}`, size }
}
