import { chmod, chown, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Config } from '#server/config/config.ts'
import { isMissing } from '#server/storage/storage-errors.ts'
import { good, problem, warning, type Finding } from './finding.ts'

/** Something that is safe to mend: it takes no data, and doing it twice is doing it once. */
export interface Repair {
  readonly finding: Finding
  /** Mends it; answers what was done. */
  mend(): Promise<string>
}

const hourMs = 3_600_000

/** What doctor itself leaves when it is killed in the middle of a probe. */
const leftoverPattern = /^\.berth-doctor-(folder-)?\d+$/

/** Secrets that everybody on the machine can read, folders that are missing, and probes that were left. */
export async function findRepairs(config: Config, configFile: string | undefined, now: number): Promise<Repair[]> {
  const folders = foldersOf(config)
  const lost = await findLostStore(config)
  return [
    ...(await openSecrets(secretFilesOf(config, configFile))),
    ...(await missingFolders(folders.filter((folder) => folder !== lost))),
    ...(await leftovers(folders, now)),
  ]
}

/** The findings as they are, or after each was mended; one that cannot be mended says why and stays. */
export async function judgeFiles(repairs: readonly Repair[], fix: boolean): Promise<Finding[]> {
  if (repairs.length === 0)
    return [good('files', 'secrets are closed to others, folders are there, nothing is left over')]
  if (!fix) return repairs.map(({ finding }) => finding)
  const findings: Finding[] = []
  for (const { finding, mend } of repairs) {
    try {
      findings.push(good(finding.subject, `mended: ${await mend()}`))
    } catch (error) {
      findings.push({ ...finding, summary: `${finding.summary}; could not be mended: ${(error as Error).message}` })
    }
  }
  return findings
}

function foldersOf({ storage, database, dataFolder }: Config): string[] {
  const folders = new Set([dataFolder])
  if (storage.kind === 'filesystem') folders.add(storage.folder)
  if (database.kind === 'sqlite') folders.add(dirname(database.file))
  return [...folders]
}

function secretFilesOf({ https, database }: Config, configFile: string | undefined): string[] {
  return [
    ...(configFile === undefined ? [] : [configFile]),
    ...(https?.certificate.from === 'files' ? [https.certificate.privateKeyFile] : []),
    ...(database.kind === 'sqlite' ? [database.file] : []),
  ]
}

/** The group may be the service's: only what everybody may is taken away. */
async function openSecrets(files: readonly string[]): Promise<Repair[]> {
  const repairs: Repair[] = []
  for (const file of files) {
    const mode = (await statOf(file))?.mode
    if (mode === undefined || (mode & 0o007) === 0) continue
    const closed = mode & 0o770
    repairs.push({
      finding: warning(`secrets in ${file}`, 'every account of this machine can read or write it', [
        `chmod o-rwx ${file}, or berth doctor --fix`,
      ]),
      mend: async () => {
        await chmod(file, closed)
        return `chmod ${closed.toString(8)} ${file}`
      },
    })
  }
  return repairs
}

/** A database without the folder of its blobs: making an empty one would hide that the right one is not mounted. */
async function findLostStore({ storage, database }: Config): Promise<string | undefined> {
  if (storage.kind !== 'filesystem' || database.kind !== 'sqlite') return undefined
  const isLost = (await statOf(storage.folder)) === undefined && (await statOf(database.file)) !== undefined
  return isLost ? storage.folder : undefined
}

export async function judgeLostStore(config: Config): Promise<Finding[]> {
  const folder = await findLostStore(config)
  if (folder === undefined) return []
  return [
    problem(`folder ${folder}`, 'is not there, although the database is: is its disk mounted?', [
      `findmnt --target ${folder}, then mount it; a registry that serves goes on by itself`,
      'the disk is lost: berth docs disaster',
    ]),
  ]
}

async function missingFolders(folders: readonly string[]): Promise<Repair[]> {
  const repairs: Repair[] = []
  for (const folder of folders) {
    if ((await statOf(folder)) !== undefined) continue
    repairs.push({
      finding: good(`folder ${folder}`, 'is not there; the first start creates it'),
      mend: async () => {
        await makeFolder(folder)
        return `made ${folder}`
      },
    })
  }
  return repairs
}

/** Of the same owner as what it lies in: doctor may be run by root, and the registry as somebody else. */
async function makeFolder(folder: string): Promise<void> {
  const parent = dirname(folder)
  if ((await statOf(parent)) === undefined) await makeFolder(parent)
  await mkdir(folder, { mode: 0o750 })
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(parent)
  await chown(folder, uid, gid)
}

async function leftovers(folders: readonly string[], now: number): Promise<Repair[]> {
  const repairs: Repair[] = []
  for (const folder of folders) {
    for (const name of await namesIn(folder)) {
      const path = join(folder, name)
      const found = leftoverPattern.test(name) ? await statOf(path) : undefined
      if (found === undefined || now - found.mtimeMs < hourMs) continue
      repairs.push({
        finding: warning(`left over in ${folder}`, `${name}, of a berth doctor that was ended`, [
          `rm -r ${path}, or berth doctor --fix`,
        ]),
        mend: async () => {
          await rm(path, { recursive: true })
          return `deleted ${path}`
        },
      })
    }
  }
  return repairs
}

const absent = (error: unknown): undefined => {
  if (isMissing(error)) return undefined
  throw error
}
const statOf = (path: string) => stat(path).catch(absent)
const namesIn = async (folder: string): Promise<string[]> => (await readdir(folder).catch(absent)) ?? []
