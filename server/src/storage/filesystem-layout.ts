import { mkdir, open, readFile, readdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { DurableFolders } from './durable-folders.ts'
import { blobsKey, layoutKey, layoutVersion, uploadsKey } from './layout.ts'
import { isMissing, storageError } from './storage-errors.ts'

/**
 * Makes sure that `root` is a blob store of the layout this program knows, and creates one in an empty
 * folder. Safe when several processes do it at once.
 * @throws Error with a sentence for the operator when the folder holds something else
 */
export async function prepareFolder(root: string): Promise<void> {
  try {
    await mkdir(root, { recursive: true, mode: 0o750 })
    const found = await findLayoutVersion(root)
    if (found === undefined) await writeLayoutVersion(root)
    else if (found !== layoutVersion) {
      throw new Error(
        `the blob store in ${root} has layout ${JSON.stringify(found)}; this version of Berth knows layout ` +
          `"${layoutVersion}" only. Start the version that wrote it, or choose another folder`,
      )
    }
    const folders = new DurableFolders(root)
    for (const key of [blobsKey, uploadsKey]) await folders.ensure(key)
  } catch (error) {
    throw storageError(error, `use ${root} as blob store`)
  }
}

async function findLayoutVersion(root: string): Promise<string | undefined> {
  try {
    return (await readFile(join(root, layoutKey), 'utf8')).trim()
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  // The marker is written before anything else: these folders without it were not made by this program.
  const foreign = (await readdir(root)).filter((name) => name === blobsKey || name === uploadsKey)
  if (foreign.length === 0) return undefined
  throw new Error(`${root} holds ${foreign.join(' and ')} but no file "${layoutKey}": it is not a blob store of Berth`)
}

/** Written aside and renamed, so that no process ever reads half of it. */
async function writeLayoutVersion(root: string): Promise<void> {
  const aside = join(root, `${layoutKey}-${crypto.randomUUID()}`)
  const file = await open(aside, 'wx', 0o640)
  try {
    await file.writeFile(`${layoutVersion}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(aside, join(root, layoutKey)).catch(async (error: unknown) => {
    await unlink(aside)
    throw error
  })
  await new DurableFolders(root).sync('')
}
