import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { TarReader, type EntrySink } from '../detection/tar-reader.ts'
import { damaged } from '../detection/verdict.ts'
import { importLimits } from './import-limits.ts'

const wanted = new Set(['trivy.db', 'metadata.json'])

/**
 * Writes `trivy.db` and `metadata.json` of the archive into a folder. Links of these names are no files, and no other name is written.
 * @throws Unreadable for an archive without them, or one that is damaged; a system error when the disk is full
 */
export async function extractTrivyDb(bytes: AsyncIterable<Uint8Array>, folder: string): Promise<void> {
  const found = new Set<string>()
  using open = new OpenFiles()
  const reader = new TarReader(({ path, type }) => {
    if (type !== 'file' || !wanted.has(path) || found.has(path)) return undefined
    found.add(path)
    return open.sink(join(folder, path))
  }, importLimits)
  for await (const chunk of bytes) reader.push(chunk)
  reader.end()
  if (!found.has('trivy.db')) throw damaged('the archive has no trivy.db')
}

/** Closed also when the archive breaks off. */
class OpenFiles implements Disposable {
  #file: number | undefined

  sink(path: string): EntrySink {
    this.#file = openSync(path, 'wx', 0o600)
    return {
      write: (bytes) => {
        for (let at = 0; at < bytes.length;) at += writeSync(this.#file!, bytes, at)
        return true
      },
      end: () => this[Symbol.dispose](),
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}
