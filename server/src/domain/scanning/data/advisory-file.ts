import { openSqlite, type SqliteConnection } from '#server/runtime/sqlite.ts'
import type { Advisory, AdvisoryGeneration, AdvisorySource, ExploitFacts, VulnerabilityDetail } from '../advisories.ts'
import type { OperatingSystem, PackageKind } from '../inventory.ts'
import { bucketOfKind, bucketsOfSystem, packageKey, type Bucket } from './buckets.ts'
import { dataTimeOf } from './data-age.ts'
import { mergeDetails } from './merge-details.ts'

/**
 * One generation of advisories in a file of its own: written once, read by every process and thread, and given away as
 * a whole. What one source said is replaced when the source is imported again.
 */
const schema = [
  `create table if not exists advisory (
    bucket text not null, package text not null, source text not null, body text not null,
    primary key (bucket, package, source)) without rowid`,
  `create table if not exists detail (
    id text not null, source text not null, body text not null, primary key (id, source)) without rowid`,
  `create table if not exists exploit (id text not null, source text not null, body text not null,
    primary key (id, source)) without rowid`,
  `create table if not exists content_set (name text not null, source text not null, body text not null,
    primary key (name, source)) without rowid`,
  `create table if not exists source (
    name text primary key, data_time text not null, advisories integer not null) without rowid`,
]

export const advisoryFileFormat = 1

export interface SourceSummary {
  readonly name: string
  readonly dataTime: string
  readonly advisories: number
}

/** A write beyond this many rows begins a new transaction, so that memory stays bounded. */
const rowsAtOnce = 5_000
const advisoriesAtOnce = 100_000

/** Writes what sources say into a file. For each source `replace`, its rows, `finish`. */
export class AdvisoryFileWriter implements Disposable {
  readonly #file: SqliteConnection
  #rows = 0
  readonly #advisories = new Map<string, number>()
  /** Sources tell of a package in many entries; its row is written when there is something to write of many packages. */
  readonly #waiting = new Map<string, Advisory[]>()
  #waitingCount = 0

  /** @throws SQLiteError when the file is none of ours or cannot be written */
  constructor(path: string) {
    this.#file = openSqlite(path)
    // A file that was not written to its end is thrown away, so nothing waits for the disk before the end.
    this.#file.execute('pragma journal_mode = off')
    this.#file.execute('pragma synchronous = off')
    this.#file.execute(`pragma user_version = ${advisoryFileFormat}`)
    for (const statement of schema) this.#file.execute(statement)
    this.#file.execute('begin')
  }

  /** Forgets what the source said before. */
  replace(source: string): void {
    this.#advisories.set(source, 0)
    for (const table of ['advisory', 'detail', 'exploit', 'content_set']) {
      this.#file.query(`delete from ${table} where source = ?`, [source])
    }
    this.#file.query('delete from source where name = ?', [source])
  }

  /** Takes the source out; what it said is said no more. */
  remove(source: string): void {
    this.replace(source)
    this.#advisories.delete(source)
  }

  /** Adds to what the source said about a package. */
  advisories(source: string, bucket: Bucket, name: string, advisories: readonly Advisory[]): void {
    if (advisories.length === 0) return
    const key = JSON.stringify([bucket, name, source])
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) this.#waiting.set(key, [...advisories])
    else waiting.push(...advisories)
    this.#waitingCount += advisories.length
    this.#advisories.set(source, (this.#advisories.get(source) ?? 0) + advisories.length)
    if (this.#waitingCount >= advisoriesAtOnce) this.#flush()
  }

  detail(source: string, detail: VulnerabilityDetail): void {
    this.#write('insert or replace into detail (id, source, body) values (?, ?, ?)', [
      detail.id,
      source,
      JSON.stringify(detail),
    ])
  }

  exploit(source: string, id: string, facts: ExploitFacts): void {
    this.#write('insert or replace into exploit (id, source, body) values (?, ?, ?)', [
      id,
      source,
      JSON.stringify(facts),
    ])
  }

  contentSet(source: string, name: string, indices: readonly number[]): void {
    this.#write('insert or replace into content_set (name, source, body) values (?, ?, ?)', [
      name,
      source,
      JSON.stringify(indices),
    ])
  }

  /** Returns how many advisories the source gave. */
  finish(source: string, dataTime: string): SourceSummary {
    this.#flush()
    const summary = { name: source, dataTime, advisories: this.#advisories.get(source) ?? 0 }
    this.#write('insert into source (name, data_time, advisories) values (?, ?, ?)', [
      source,
      dataTime,
      summary.advisories,
    ])
    return summary
  }

  #flush(): void {
    for (const [key, advisories] of this.#waiting) {
      const place = JSON.parse(key) as [string, string, string]
      const known = this.#file.firstRow(
        'select body from advisory where bucket = ? and package = ? and source = ?',
        place,
      )
      const before = known === undefined ? [] : (JSON.parse(String(known['body'])) as readonly Advisory[])
      this.#write('insert or replace into advisory (bucket, package, source, body) values (?, ?, ?, ?)', [
        ...place,
        JSON.stringify([...before, ...advisories]),
      ])
    }
    this.#waiting.clear()
    this.#waitingCount = 0
  }

  [Symbol.dispose](): void {
    if (this.#file.inTransaction) this.#file.execute('commit')
    this.#file[Symbol.dispose]()
  }

  #write(sql: string, values: readonly (string | number)[]): void {
    this.#file.query(sql, values)
    this.#rows += 1
    if (this.#rows % rowsAtOnce !== 0) return
    this.#file.execute('commit')
    this.#file.execute('begin')
  }
}

/** Reads one generation. Every lookup is one or two reads by key. */
export class AdvisoryFile implements AdvisorySource, Disposable {
  readonly generation: AdvisoryGeneration
  readonly #file: SqliteConnection
  readonly #covered = new Map<Bucket, boolean>()

  /** @throws Error when the file was written by a version of Berth that this one cannot read */
  constructor(path: string, generation: Pick<AdvisoryGeneration, 'number' | 'importTime'>) {
    this.#file = openSqlite(path, { readOnly: true })
    const format = Number(this.#file.firstRow('pragma user_version', [])?.['user_version'])
    if (format !== advisoryFileFormat) {
      this.#file[Symbol.dispose]()
      throw new Error(`vulnerability data of format ${format} cannot be read; import it again`)
    }
    const sources = this.sources()
    this.generation = {
      ...generation,
      sources,
      dataTime: dataTimeOf(sources),
    }
  }

  sources(): readonly SourceSummary[] {
    return this.#file.rows('select name, data_time, advisories from source order by name', []).map((row) => ({
      name: String(row['name']),
      dataTime: String(row['data_time']),
      advisories: Number(row['advisories']),
    }))
  }

  coversSystem(os: OperatingSystem): boolean {
    return bucketsOfSystem(os).some((bucket) => this.#covers(bucket))
  }

  coversKind(kind: PackageKind): boolean {
    return this.#covers(bucketOfKind(kind))
  }

  ofSystem(os: OperatingSystem, packageName: string): readonly Advisory[] {
    return bucketsOfSystem(os).flatMap((bucket) => this.#advisories(bucket, packageName))
  }

  ofLanguage(kind: PackageKind, name: string): readonly Advisory[] {
    return this.#advisories(bucketOfKind(kind), packageKey(kind, name))
  }

  contentSets(names: readonly string[]): ReadonlySet<number> {
    return new Set(
      names.flatMap((name) =>
        this.#file
          .rows('select body from content_set where name = ?', [name])
          .flatMap((row) => JSON.parse(String(row['body'])) as readonly number[]),
      ),
    )
  }

  detail(id: string): VulnerabilityDetail | undefined {
    return mergeDetails(this.#bodies<VulnerabilityDetail>('detail', id))
  }

  exploits(id: string): ExploitFacts | undefined {
    const facts = this.#bodies<ExploitFacts>('exploit', id)
    return facts.length === 0 ? undefined : Object.assign({}, ...facts)
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]()
  }

  #covers(bucket: Bucket): boolean {
    const known = this.#covered.get(bucket)
    if (known !== undefined) return known
    const found = this.#file.firstRow('select 1 from advisory where bucket = ? limit 1', [bucket]) !== undefined
    this.#covered.set(bucket, found)
    return found
  }

  #advisories(bucket: Bucket, name: string): readonly Advisory[] {
    return this.#file
      .rows('select body from advisory where bucket = ? and package = ? order by source', [bucket, name])
      .flatMap((row) => JSON.parse(String(row['body'])) as readonly Advisory[])
  }

  #bodies<T>(table: 'detail' | 'exploit', id: string): readonly T[] {
    return this.#file
      .rows(`select body from ${table} where id = ? order by source`, [id])
      .map((row) => JSON.parse(String(row['body'])) as T)
  }
}
