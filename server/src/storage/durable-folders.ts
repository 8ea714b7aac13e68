import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCodeOf } from './storage-errors.ts'
import { folderOf } from './layout.ts'

/** Folders below `root` whose existence and contents survive power loss. Keys as in layout.ts. */
export class DurableFolders {
  readonly #root: string
  /** Known to exist and to be named durably by their parents. */
  readonly #known = new Set<string>()

  constructor(root: string) {
    this.#root = root
  }

  /**
   * Creates the folder where it is missing, and makes that durable before it returns. The root itself is
   * never created: when it is gone, its disk is not mounted.
   */
  async ensure(folder: string): Promise<void> {
    if (folder === '' || this.#known.has(folder)) return
    const parent = folderOf(folder)
    await this.ensure(parent)
    await mkdir(join(this.#root, folder)).catch((error: unknown) => {
      if (errorCodeOf(error) !== 'EEXIST') throw error
    })
    // An existing folder is synced too: the process that created it may have died before its own sync.
    await this.sync(parent)
    this.#known.add(folder)
  }

  /** Makes the names in the folder durable: what was created, renamed and deleted there until now. */
  async sync(folder: string): Promise<void> {
    const handle = await open(join(this.#root, folder), 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
}
