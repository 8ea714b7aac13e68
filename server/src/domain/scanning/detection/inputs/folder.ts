import type { Dirent } from 'node:fs'
import { lstat, open, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DetectionMode } from '../analyser.ts'
import type { LayerInventory } from '../layer-inventory.ts'
import { defaultLimits } from '../limits.ts'
import { LayerReading, type ReadOptions } from '../read-layer.ts'
import { pathWithin, type EntrySink } from '../tar-reader.ts'
import { tooLarge } from '../verdict.ts'

/** Of a root file system: what the kernel makes, not what was installed. */
const notInstalled = new Set(['proc', 'sys', 'dev'])

/** A root file system has the marks of one; anything else is a source tree. */
export async function modeOfFolder(folder: string): Promise<DetectionMode> {
  const marks = [
    'etc/os-release',
    'usr/lib/os-release',
    'lib/apk/db/installed',
    'var/lib/dpkg/status',
    'var/lib/rpm',
    'usr/lib/sysimage/rpm',
  ]
  for (const mark of marks) if (await isThere(join(folder, mark))) return 'image'
  return 'folder'
}

const isThere = async (path: string): Promise<boolean> => {
  try {
    await lstat(path)
    return true
  } catch {
    return false
  }
}

/** Reads a folder as if it were the only layer of an image. Links are not followed. */
export async function readFolder(folder: string, options: ReadOptions = {}): Promise<LayerInventory> {
  const limits = options.limits ?? defaultLimits
  const reading = new LayerReading(options)
  let entries = 0
  try {
    for await (const { path, entry } of walk(folder, limits.maxPathDepth)) {
      options.signal?.throwIfAborted()
      if (++entries > limits.maxEntries) throw tooLarge(`it has more than ${limits.maxEntries} files`)
      if (!entry.isFile()) continue
      const file = join(folder, path)
      const { size, mode } = await lstat(file)
      const sink = reading.onEntry({
        path: pathWithin(path, limits),
        size,
        offset: 0,
        type: 'file',
        executable: (mode & 0o111) !== 0,
        target: '',
      })
      if (sink !== undefined) await pour(file, size, sink)
    }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (isOfDisk(error)) throw error
    reading.fail(error)
  }
  return reading.result()
}

const isOfDisk = (error: unknown): boolean => typeof (error as { syscall?: unknown }).syscall === 'string'

async function* walk(folder: string, maxDepth: number): AsyncGenerator<{ path: string; entry: Dirent }, void> {
  const waiting: string[] = ['']
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const names: Dirent[] = []
    for await (const entry of await opendir(join(folder, path))) names.push(entry)
    names.sort((one, other) => (one.name < other.name ? -1 : 1))
    for (const entry of names) {
      const inner = path === '' ? entry.name : `${path}/${entry.name}`
      if (!entry.isDirectory()) yield { path: inner, entry }
      else if (!isLeftOut(path, entry.name) && inner.split('/').length <= maxDepth) waiting.push(inner)
    }
  }
}

const isLeftOut = (parent: string, name: string): boolean =>
  name === '.git' || (parent === '' && notInstalled.has(name))

/** The bytes of a file, as many as it had when it was found. */
async function pour(file: string, size: number, sink: EntrySink): Promise<void> {
  await using handle = await open(file, 'r')
  const buffer = new Uint8Array(Math.min(size, 1024 * 1024))
  for (let at = 0; at < size;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at)
    if (bytesRead === 0 || !sink.write(buffer.subarray(0, bytesRead))) return
    at += bytesRead
  }
  sink.end()
}
