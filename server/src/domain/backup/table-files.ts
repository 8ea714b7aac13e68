import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { formatDigest } from '#contract/digest.ts'
import type { ColumnKind } from '../../database/table-catalog.ts'
import { createHasher } from '../../runtime/hasher.ts'
import type { Archive } from '../../storage/archive/archive.ts'
import { DomainError } from '../errors.ts'
import type { BackupTable, LinesFile } from './backup-format.ts'

/** A value as it comes from either database and goes into either. */
export type Value = string | number | Uint8Array | null
type Column = { readonly name: string; readonly kind: ColumnKind }
type Row = Readonly<Record<string, unknown>>

/** Rows are handed on when they are so many characters of JSON: few large ones, or many small ones. */
const pieceCharacters = 1 << 20

/**
 * Writes rows as lines of JSON. Their values: numbers, texts, null, and bytes in base64. Without rows there is no file:
 * undefined.
 */
export async function writeTableFile(
  archive: Archive,
  key: string,
  columns: readonly Column[],
  rows: AsyncIterable<readonly Row[]>,
): Promise<LinesFile | undefined> {
  const pieces = rows[Symbol.asyncIterator]()
  const first = await pieces.next()
  if (first.done === true) return undefined
  const hasher = createHasher('sha256')
  let lines = 0
  let size = 0
  async function* texts() {
    for (let next: typeof first = first; next.done !== true; next = await pieces.next()) {
      const piece = next.value
      lines += piece.length
      yield piece.map((row) => `${JSON.stringify(columns.map((column) => written(row, column)))}\n`).join('')
    }
  }
  async function* hashed(bytes: AsyncIterable<Uint8Array>) {
    for await (const chunk of bytes) {
      hasher.update(chunk)
      yield chunk
    }
  }
  await pipeline(Readable.from(texts()), createGzip({ level: 3 }), async (compressed: AsyncIterable<Uint8Array>) => {
    size = await archive.write(key, hashed(compressed))
  })
  return { key, size, digest: formatDigest('sha256', hasher.digestHex()), lines }
}

function written(row: Row, { name, kind }: Column): string | number | null {
  const value = row[name]
  if (value === null || value === undefined) return null
  if (kind === 'bytes') return Buffer.from(value as Uint8Array).toString('base64')
  if (kind === 'text' ? typeof value === 'string' : Number.isSafeInteger(value)) return value as string | number
  throw new Error(`the column ${name} holds a ${typeof value} that a backup cannot hold`)
}

/**
 * The rows of a table, in pieces. The digest is known only at the end: a caller that must not act on wrong bytes reads
 * the file to the end before (`assertTableFile`).
 * @throws DomainError VALIDATION when the bytes differ from those that were written
 */
export async function* readTableFile(
  archive: Archive,
  { file, columns }: Pick<BackupTable, 'file' | 'columns'>,
): AsyncGenerator<Value[][]> {
  if (file === undefined) return
  const bytes = await archive.read(file.key)
  if (bytes === undefined) throw damaged(archive, file, 'is missing')
  const hasher = createHasher('sha256')
  async function* hashed(source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      hasher.update(chunk)
      yield chunk
    }
  }
  const gunzip = createGunzip()
  // Its error comes out of the loop below as well.
  pipeline(Readable.from(hashed(bytes)), gunzip).catch(() => undefined)
  let lines = 0
  let characters = 0
  let piece: Value[][] = []
  try {
    for await (const line of linesOf(gunzip)) {
      lines += 1
      characters += line.length
      piece.push(read(JSON.parse(line), columns))
      if (characters < pieceCharacters) continue
      yield piece
      piece = []
      characters = 0
    }
  } catch (error) {
    if (error instanceof SyntaxError || /^Z_|^ERR_/.test((error as NodeJS.ErrnoException).code ?? '')) {
      throw damaged(archive, file, `cannot be read (${(error as Error).message})`)
    }
    throw error
  }
  if (hasher.digestHex() !== file.digest.slice('sha256:'.length) || lines !== file.lines) {
    throw damaged(archive, file, 'does not have the digest that it was written with')
  }
  if (piece.length > 0) yield piece
}

/** Reads the file to its end. @throws DomainError VALIDATION */
export async function assertTableFile(archive: Archive, table: BackupTable): Promise<void> {
  for await (const _ of readTableFile(archive, table));
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let begun: string[] = []
  for await (const chunk of bytes) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n')
    begun.push(parts[0]!)
    for (const part of parts.slice(1)) {
      yield begun.join('')
      begun = [part]
    }
  }
  const rest = begun.join('')
  if (rest !== '') throw new SyntaxError('the last line has no end')
}

function read(line: unknown, columns: readonly Column[]): Value[] {
  if (!Array.isArray(line) || line.length !== columns.length) throw new SyntaxError('a line is not a row of the table')
  return columns.map(({ kind }, index) => {
    const value: unknown = line[index]
    if (value === null) return null
    if (kind === 'integer' && Number.isSafeInteger(value)) return value as number
    if (kind !== 'integer' && typeof value === 'string') return kind === 'bytes' ? Buffer.from(value, 'base64') : value
    throw new SyntaxError('a line is not a row of the table')
  })
}

function damaged(archive: Archive, { key }: LinesFile, what: string): DomainError {
  return new DomainError('VALIDATION', `${key} in ${archive.name} ${what}: use another backup`)
}
