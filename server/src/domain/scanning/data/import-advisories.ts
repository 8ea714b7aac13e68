import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { z } from 'zod'
import { parseForeignJson } from '#contract/budget.ts'
import { ContractError } from '#contract/contract-error.ts'
import { decompressed } from '../detection/decompress.ts'
import { Unreadable } from '../detection/verdict.ts'
import type { AdvisoryFileWriter, SourceSummary } from './advisory-file.ts'
import { importSecdb, secdbSchema } from './alpine-secdb.ts'
import { debianLineSchema, debianTrackerSchema, importDebianLine, importDebianTracker } from './debian.ts'
import { importEpssLine, importKev, kevSchema } from './exploits.ts'
import { BoltFileDamaged } from './bolt-file.ts'
import { documentBudget, importLimits, lineBudget, maxDataFiles } from './import-limits.ts'
import { ImportReport, type ImportSummary } from './import-report.ts'
import { importOsvEntry, osvSchema } from './osv.ts'
import { firstLine, headOf, linesOf, peeked, wholeOf, zippedFiles } from './packed-files.ts'
import { formOf, headBytes } from './recognise.ts'
import { extractTrivyDb } from './trivy-archive.ts'
import { importTrivyDb, trivyDbSource } from './trivy-db.ts'

/** What was given is in no form that Berth knows, damaged, or too large to be vulnerability data. */
export class NothingToImport extends Error {
  override readonly name = 'NothingToImport'
}

export interface ImportOptions {
  /** Release of Debian that a list without one is about; else it is looked for in the name of the file: `debian-12-…`. */
  readonly debianRelease?: string
  /** When the data was published, RFC 3339, where it does not say so itself. */
  readonly dataTime?: string
  /** What is told meanwhile: entries that were taken so far. */
  readonly onProgress?: (entries: number) => void
  /** Where files are unpacked; that of the system when left out. */
  readonly temporaryFolder?: string
  readonly signal?: AbortSignal
}

export interface ImportResult extends ImportSummary {
  readonly sources: readonly SourceSummary[]
}

/**
 * Reads vulnerability data from a file or a folder into an advisory file: trivy-db, OSV (JSON, NDJSON, zip), secdb of Alpine, Debian's
 * tracker, KEV, EPSS; plain, gzip or zstd. The form is recognised by what is in it. A source that came before is replaced.
 * @throws NothingToImport when no form is recognised, and when it is damaged or too large
 */
export async function importAdvisories(
  from: string,
  writer: AdvisoryFileWriter,
  options: ImportOptions = {},
): Promise<ImportResult> {
  const importer = new Importer(writer, options)
  try {
    await importer.take(from)
  } catch (error) {
    if (!(error instanceof Unreadable || error instanceof BoltFileDamaged)) throw error
    throw new NothingToImport(`this cannot be read as vulnerability data: ${error.message}`, { cause: error })
  }
  return importer.finish()
}

class Importer {
  readonly #writer: AdvisoryFileWriter
  readonly #options: ImportOptions
  readonly #report = new ImportReport()
  /** Newest time of each source that this import has begun. */
  readonly #times = new Map<string, string>()
  #entries = 0

  constructor(writer: AdvisoryFileWriter, options: ImportOptions) {
    this.#writer = writer
    this.#options = options
  }

  async take(path: string): Promise<void> {
    const found = await stat(path)
    if (!found.isDirectory()) return await this.#takeFile(path)
    let files = 0
    for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue
      files += 1
      if (files > maxDataFiles) throw new NothingToImport(`the folder has more than ${maxDataFiles} files`)
      if (dataFile.test(entry.name) && entry.name !== 'metadata.json')
        await this.#takeFile(join(entry.parentPath, entry.name))
    }
  }

  finish(): ImportResult {
    if (this.#times.size === 0) {
      throw new NothingToImport(
        'nothing here is vulnerability data that Berth can read: trivy-db, OSV, Alpine secdb, Debian tracker, KEV or EPSS',
      )
    }
    const sources = [...this.#times].map(([source, newest]) =>
      this.#writer.finish(source, this.#options.dataTime ?? (newest === '' ? unknownTime : newest)),
    )
    return { sources, ...this.#report.summary() }
  }

  async #takeFile(path: string): Promise<void> {
    this.#options.signal?.throwIfAborted()
    const name = basename(path)
    const form = formOf(await headOf(path, headBytes))
    if (form === 'bolt') return await this.#takeTrivyDb(path, join(path, '..', 'metadata.json'))
    if (form === 'zip') {
      for await (const file of zippedFiles(path, lineBudget.maxBytes)) {
        this.#options.signal?.throwIfAborted()
        this.#takeDocument(file.bytes, file.name)
      }
      return
    }
    if (form === undefined) return this.#report.refused(name)
    const { head, whole } = await peeked(decompressed(createReadStream(path), importLimits), headBytes)
    const inner = formOf(head)
    if (inner === 'tar') await this.#unpacked((folder) => extractTrivyDb(whole, folder))
    else if (inner === 'bolt')
      await this.#unpacked((folder) => pipeline(whole, createWriteStream(join(folder, 'trivy.db'))))
    else if (inner === 'text') await this.#takeText(whole, name.replace(/\.(?:gz|zst)$/i, ''))
    else this.#report.refused(name)
  }

  async #takeTrivyDb(path: string, metadata: string): Promise<void> {
    const told = await readFile(metadata, 'utf8').catch(() => undefined)
    const time = told === undefined ? undefined : /"UpdatedAt"\s*:\s*"([^"]+)"/.exec(told)?.[1]
    this.#begin(trivyDbSource, time)
    importTrivyDb(path, this.#writer, this.#report)
  }

  /** A trivy-db that lay packed, as in the layer of the artifact that it is published as. */
  async #unpacked(unpack: (folder: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(this.#options.temporaryFolder ?? tmpdir(), 'trivy-db-'))
    try {
      await unpack(folder)
      await this.#takeTrivyDb(join(folder, 'trivy.db'), join(folder, 'metadata.json'))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** One document, or one on each line: then the first line is whole. */
  async #takeText(bytes: AsyncIterable<Uint8Array>, name: string): Promise<void> {
    const { first, whole } = await firstLine(bytes, lineBudget.maxBytes)
    const isDocument = first === undefined || (/^\s*[[{]/.test(first) && !isJson(first))
    if (isDocument && !/\.(?:ndjson|jsonl)$/i.test(name))
      return this.#takeDocument(await wholeOf(whole, documentBudget.maxBytes), name)
    for await (const line of linesOf(whole, lineBudget.maxBytes)) {
      this.#options.signal?.throwIfAborted()
      if (line.trim() === '') continue
      if (/^\s*[[{]/.test(line)) this.#takeDocument(line, name)
      else this.#takeCsvLine(line)
    }
  }

  #takeCsvLine(line: string): void {
    const scored = /score_date:([\dT:.+-]+Z?)/.exec(line)?.[1]
    if (scored !== undefined) this.#begin('epss', scored)
    else if (line.startsWith('CVE-')) {
      this.#begin('epss', undefined)
      if (!importEpssLine('epss', line, this.#writer)) this.#report.refused(line)
      this.#count()
    }
  }

  #takeDocument(written: string | Uint8Array, name: string): void {
    let value: unknown
    try {
      value = parseForeignJson(written, typeof written === 'string' ? lineBudget : documentBudget)
    } catch (error) {
      if (!(error instanceof ContractError)) throw error
      this.#report.refused(`${name}: ${error.message}`)
      return
    }
    for (const entry of Array.isArray(value) ? value : [value]) this.#takeEntry(entry, name)
  }

  #takeEntry(value: unknown, name: string): void {
    for (const take of this.#takers) {
      if (!take(value, name)) continue
      this.#count()
      return
    }
    this.#report.refused(name)
  }

  /** Each knows its form by its shape, and says false for another. */
  readonly #takers: readonly ((value: unknown, name: string) => boolean)[] = [
    takerOf(osvSchema, (entry, name) => {
      const time = newerOf(newerOf(entry.modified, entry.published), dateIn(name))
      const sources = importOsvEntry(entry, this.#writer, this.#report, (source) => this.#begin(source, time))
      return sources > 0 || isOsv(entry)
    }),
    takerOf(secdbSchema, (file, name) => {
      this.#begin('secdb', dateIn(name))
      importSecdb('secdb', file, this.#writer, this.#report)
      return true
    }),
    takerOf(debianLineSchema, (line, name) => {
      const release = this.#options.debianRelease ?? /debian-(\d+)/.exec(name)?.[1]
      if (release === undefined) return false
      const source = `debian-${release}`
      this.#begin(source, dateIn(name))
      importDebianLine(source, release, line, this.#writer)
      return true
    }),
    takerOf(kevSchema, (catalogue) => {
      this.#begin('kev', catalogue.dateReleased)
      importKev('kev', catalogue, this.#writer)
      return true
    }),
    takerOf(debianTrackerSchema, (packages, name) => {
      if (
        !Object.values(packages).some((vulnerabilities) => Object.values(vulnerabilities).some((each) => each.releases))
      )
        return false
      this.#begin('debian-tracker', dateIn(name))
      importDebianTracker('debian-tracker', packages, this.#writer)
      return true
    }),
  ]

  #begin(source: string, time: string | undefined): void {
    const newest = this.#times.get(source)
    if (newest === undefined) this.#writer.replace(source)
    const parsed = Date.parse(time ?? '')
    const told = Number.isNaN(parsed) ? '' : new Date(parsed).toISOString()
    if (newest === undefined || told > newest) this.#times.set(source, told)
  }

  #count(): void {
    this.#entries += 1
    if (this.#entries % 1000 === 0) this.#options.onProgress?.(this.#entries)
  }
}

const dataFile = /(?:^trivy\.db|\.(?:json|ndjson|jsonl|csv|zip|tar|tgz)(?:\.gz|\.zst)?)$/i
/** Of data that does not say when it was published: as old as can be, so that nobody relies on it unknowingly. */
const unknownTime = '1970-01-01T00:00:00.000Z'

const dateIn = (name: string) => /\d{4}-\d{2}-\d{2}/.exec(name)?.[0]

/** Some entries say that they were changed in the year 1. */
function newerOf(one: string | undefined, other: string | undefined): string | undefined {
  return Date.parse(one ?? '') > (Date.parse(other ?? '') || 0) ? one : (other ?? one)
}

function isOsv(entry: z.infer<typeof osvSchema>): boolean {
  return entry.affected !== undefined || entry.withdrawn !== undefined
}

function takerOf<Schema extends z.ZodType>(schema: Schema, take: (value: z.infer<Schema>, name: string) => boolean) {
  return (value: unknown, name: string): boolean => {
    const parsed = schema.safeParse(value)
    return parsed.success && take(parsed.data, name)
  }
}

function isJson(text: string): boolean {
  try {
    parseForeignJson(text, lineBudget)
    return true
  } catch (error) {
    if (error instanceof ContractError) return false
    throw error
  }
}
