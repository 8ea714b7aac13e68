import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isSurelyGone, ownProcessMark } from '../../../runtime/process-mark.ts'

/** A folder of one import, for what it downloads, unpacks and writes. */
export interface WorkFolder extends AsyncDisposable {
  readonly path: string
}

const prefix = 'work-'
const ownerFile = 'owner'
/** No import takes so long. Decides where nobody can tell whether the process that made a folder is gone. */
const abandonedMs = 24 * 60 * 60_000

export async function openWorkFolder(parent: string): Promise<WorkFolder> {
  const path = join(parent, `${prefix}${randomUUID()}`)
  await mkdir(path, { recursive: true, mode: 0o700 })
  const remove = () => rm(path, { recursive: true, force: true })
  try {
    await writeFile(join(path, ownerFile), ownProcessMark(), { mode: 0o600 })
  } catch (error) {
    await remove()
    throw error
  }
  return { path, [Symbol.asyncDispose]: remove }
}

/** Removes what processes left that were killed in the middle of an import: it may be gigabytes. */
export async function removeAbandoned(parent: string, now: number): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue
    const path = join(parent, name)
    const owner = await readFile(join(path, ownerFile), 'utf8').catch(() => undefined)
    const since = (await stat(path).catch(() => undefined))?.mtimeMs ?? now
    if ((owner !== undefined && isSurelyGone(owner)) || since < now - abandonedMs)
      await rm(path, { recursive: true, force: true })
  }
}
