import { z } from 'zod'
import { algorithmOf, encodedOf, findDigest, type Digest } from '#contract/digest.ts'
import type { Archive } from '../../storage/archive/archive.ts'
import { DomainError } from '../errors.ts'

/**
 * How backups lie in an archive. docs/reference/backup-format.md says the same to those who read it without us.
 *
 *   berth-backup                                        the text "1": which format this is
 *   blobs/sha256/6c/6c3c624b…2aa1                       bytes by their digest, shared by all backups
 *   backups/20261126T104453Z-5f2c/
 *     tables/blob.jsonl.gz                              the rows of one table; this one lists the blobs, by digest
 *     backup.json                                       written last: a backup without it does not exist
 */
export const formatVersion = 1
const markerKey = 'berth-backup'
export const backupsKey = 'backups/'
/** The folder of files that are not whole yet. */
export const unfinishedKey = 'unfinished/'
export const blobTable = 'blob'

export const blobKey = (digest: Digest): string => `${blobFolder(digest)}${encodedOf(digest)}`
/** With a slash at its end: what shares the algorithm and the first two digits. */
export const blobFolder = (digest: Digest): string => `blobs/${algorithmOf(digest)}/${encodedOf(digest).slice(0, 2)}/`
export const tableKey = (id: string, table: string): string => `${backupsKey}${id}/tables/${table}.jsonl.gz`
const manifestKey = (id: string): string => `${backupsKey}${id}/backup.json`
export const backupOfKey = (key: string): string | undefined => /^backups\/([^/]+)\//.exec(key)?.[1]

/** Ids sort by the time of their backup; `tail` tells two of one second apart. */
export function backupId(now: number, tail: string): string {
  return `${new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${tail}`
}

const count = z.number().int().nonnegative()
const digest = z.string().refine((text): text is Digest => findDigest(text) !== undefined, 'is no digest')
const identifier = z.string().regex(/^[a-z][a-z0-9_]*$/)

/** Lines of JSON, each an array with the values of one row; the file is compressed by gzip. */
const linesFile = z.object({ key: z.string(), size: count, digest, lines: count })

const backup = z.object({
  format: z.literal(formatVersion),
  id: z.string().regex(/^\d{8}T\d{6}Z-[0-9a-f]+$/),
  /** The version of the program that wrote it. */
  program: z.string(),
  startedAt: z.string(),
  finishedAt: z.string(),
  /** The steps of the schema's history that the tables have behind them. */
  migrations: z.array(z.string()),
  tables: z.array(
    z.object({
      name: identifier,
      columns: z.array(z.object({ name: identifier, kind: z.enum(['integer', 'text', 'bytes']) })),
      refersTo: z.array(identifier),
      numbered: z.object({ column: identifier, last: z.number().int() }).optional(),
      /** Absent when the table had no rows. */
      file: linesFile.optional(),
    }),
  ),
  blobs: z.object({
    count,
    bytes: count,
    /** Blobs whose bytes the registry did not have, or had wrong; the archive does not have them either. */
    damaged: z.array(z.object({ digest, size: count, reason: z.string() })),
  }),
})

export type LinesFile = z.output<typeof linesFile>
export type Backup = z.output<typeof backup>
export type BackupTable = Backup['tables'][number]

/** Makes an empty archive one of ours. @throws DomainError when it holds something else, or a format we do not know */
export async function claimArchive(archive: Archive): Promise<void> {
  if (await isOurs(archive)) return
  for await (const { key } of archive.list(backupsKey)) {
    throw new DomainError(
      'CONFLICT',
      `${archive.name} holds ${key} but no file "${markerKey}": it is no archive of Berth`,
    )
  }
  await archive.write(markerKey, bytesOf(`${formatVersion}\n`))
}

/** @throws DomainError when there are no backups, or only of a format that we do not know */
export async function assertArchive(archive: Archive): Promise<void> {
  if (await isOurs(archive)) return
  throw new DomainError('BAD_REQUEST', `${archive.name} holds no backups: there is no file "${markerKey}" in it`)
}

async function isOurs(archive: Archive): Promise<boolean> {
  const found = await readText(archive, markerKey)
  if (found === undefined) return false
  if (found.trim() === String(formatVersion)) return true
  throw new DomainError(
    'UNSUPPORTED',
    `${archive.name} has format ${JSON.stringify(found.trim().slice(0, 20))}; this version of Berth knows format ${formatVersion}`,
  )
}

export async function writeBackup(archive: Archive, written: Backup): Promise<void> {
  await archive.write(manifestKey(written.id), bytesOf(`${JSON.stringify(written, null, 2)}\n`))
}

/** Ids of the backups that were finished, the one that was finished last first. */
export async function listBackupIds(archive: Archive): Promise<string[]> {
  const ids: string[] = []
  for await (const { key } of archive.list(backupsKey)) {
    const id = backupOfKey(key)
    if (id !== undefined && key === manifestKey(id)) ids.push(id)
  }
  const finished = new Map<string, string>()
  for (const id of ids) finished.set(id, await finishedAtOf(archive, id))
  const order = (id: string) => `${finished.get(id)} ${id}`
  return ids.sort((a, b) => (order(a) < order(b) ? 1 : -1))
}

/** When it was finished, also of a backup that cannot be read otherwise: then the time of its beginning, from its id. */
async function finishedAtOf(archive: Archive, id: string): Promise<string> {
  const begun = id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, '$1-$2-$3T$4:$5:$6.000Z')
  try {
    const parsed = backup.shape.finishedAt.safeParse(
      JSON.parse((await readText(archive, manifestKey(id))) ?? '{}').finishedAt,
    )
    return parsed.success ? parsed.data : begun
  } catch (error) {
    if (error instanceof SyntaxError) return begun
    throw error
  }
}

/** The backup with this id; without one, the newest. @throws DomainError when there is none, or when it cannot be read */
export async function getBackup(archive: Archive, id?: string): Promise<Backup> {
  await assertArchive(archive)
  const wanted = id ?? (await listBackupIds(archive))[0]
  const text = wanted === undefined ? undefined : await readText(archive, manifestKey(wanted))
  if (wanted === undefined || text === undefined) {
    throw new DomainError(
      'BAD_REQUEST',
      `${archive.name} has no ${id === undefined ? 'finished backup' : `backup ${id}`}`,
    )
  }
  try {
    return backup.parse(JSON.parse(text))
  } catch (error) {
    throw new DomainError(
      'VALIDATION',
      `backup ${wanted} in ${archive.name} cannot be read: ${(error as Error).message}`,
      {
        cause: error,
      },
    )
  }
}

async function readText(archive: Archive, key: string): Promise<string | undefined> {
  const stream = await archive.read(key)
  if (stream === undefined) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text)
}
