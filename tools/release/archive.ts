import { closeSync, lstatSync, openSync, readFileSync, readdirSync, readlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gzipSync } from 'node:zlib'
import { packTar, type TarEntry } from 'modern-tar'

/** One file, folder or link of an archive. Everything belongs to root unless it says otherwise. */
export interface ArchiveEntry {
  readonly path: string
  readonly mode: number
  readonly content?: Uint8Array | string
  readonly folder?: true
  readonly link?: string
  readonly owner?: number
}

/** The same bytes for the same entries: sorted, with one time, without names of the accounts that built it. */
export async function tarOf(entries: readonly ArchiveEntry[], epoch: number): Promise<Uint8Array> {
  const mtime = new Date(epoch * 1000)
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return await packTar(sorted.map((entry) => entryOf(entry, mtime)))
}

function entryOf({ path, mode, content, folder, link, owner = 0 }: ArchiveEntry, mtime: Date): TarEntry {
  const common = { name: path, mode, mtime, uid: owner, gid: owner, uname: '', gname: '' }
  if (folder) return { header: { ...common, name: `${path}/`, type: 'directory', size: 0 } }
  if (link !== undefined) return { header: { ...common, type: 'symlink', linkname: link, size: 0 } }
  const body = typeof content === 'string' ? Buffer.from(content) : (content ?? new Uint8Array())
  return { header: { ...common, type: 'file', size: body.length }, body }
}

/** Later entries replace earlier ones of the same path, and every entry has the folders that it lies in. */
export function complete(entries: readonly ArchiveEntry[]): readonly ArchiveEntry[] {
  const byPath = new Map<string, ArchiveEntry>()
  for (const entry of entries) byPath.set(entry.path, entry)
  for (const { path } of entries) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end)
      if (!byPath.has(parent)) byPath.set(parent, { path: parent, mode: 0o755, folder: true })
    }
  }
  return [...byPath.values()]
}

/** Without name and time in its head. The level is part of what makes two builds equal. */
export function gzip(bytes: Uint8Array): Uint8Array {
  const packed = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION })
  packed[9] = 255 // the operating system that packed it: unknown
  return packed
}

/** Everything below a folder, with its modes. */
export function entriesBelow(root: string, below = ''): ArchiveEntry[] {
  return readdirSync(join(root, below)).flatMap((name): ArchiveEntry[] => {
    const path = below === '' ? name : `${below}/${name}`
    const stat = lstatSync(join(root, path))
    const mode = stat.mode & 0o7777
    if (stat.isSymbolicLink()) return [{ path, mode: 0o777, link: readlinkSync(join(root, path)) }]
    if (stat.isDirectory()) return [{ path, mode, folder: true }, ...entriesBelow(root, path)]
    return [{ path, mode, content: readFileSync(join(root, path)) }]
  })
}

/** Writes pieces one after the other: an archive may be larger than one buffer can be. */
export function writePieces(file: string, pieces: Iterable<Uint8Array>): void {
  const handle = openSync(file, 'w')
  try {
    for (const piece of pieces) for (let at = 0; at < piece.length;) at += writeSync(handle, piece, at)
  } finally {
    closeSync(handle)
  }
}
