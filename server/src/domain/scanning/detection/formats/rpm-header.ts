import { damaged } from '../verdict.ts'

/** What a header of rpm says of its package (rpm's lib/rpmtag.h). */
export interface RpmHeader {
  readonly name: string
  readonly version: string
  readonly release: string
  readonly epoch: number | undefined
  readonly architecture: string
  readonly sourceRpm: string
  readonly vendor: string
  readonly licence: string
  readonly modularity: string
  /** Paths of its files, with a leading slash, as far as they are asked for. */
  readonly files: () => Generator<string, void>
}

const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  licence: 1014,
  architecture: 1022,
  sourceRpm: 1044,
  folderIndexes: 1116,
  baseNames: 1117,
  folderNames: 1118,
  modularity: 5096,
} as const

const entryBytes = 16
const maxEntries = 65_536
const maxFiles = 1_000_000

/** @throws Unreadable DAMAGED */
export function readRpmHeader(bytes: Uint8Array): RpmHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 8) throw damaged('a header of it is damaged')
  const count = view.getUint32(0, false)
  const dataStart = 8 + count * entryBytes
  if (count > maxEntries || dataStart > bytes.length) throw damaged('a header of it is damaged')
  const entries = new Map<number, { at: number; count: number }>()
  for (let at = 8; at < dataStart; at += entryBytes) {
    const start = dataStart + view.getUint32(at + 8, false)
    if (start <= bytes.length)
      entries.set(view.getUint32(at, false), { at: start, count: view.getUint32(at + 12, false) })
  }
  const number = (tag: number, index = 0): number | undefined => {
    const entry = entries.get(tag)
    const at = (entry?.at ?? 0) + 4 * index
    return entry === undefined || at + 4 > bytes.length ? undefined : view.getUint32(at, false)
  }
  const text = (tag: number): string => texts(tag, 1).next().value ?? ''

  function* texts(tag: number, max: number): Generator<string, void> {
    const entry = entries.get(tag)
    let start = entry?.at ?? 0
    for (let index = 0; index < Math.min(entry?.count ?? 0, max) && start < bytes.length; index++) {
      const end = bytes.indexOf(0, start)
      if (end === -1) return
      yield utf8.decode(bytes.subarray(start, end))
      start = end + 1
    }
  }

  return {
    name: text(tags.name),
    version: text(tags.version),
    release: text(tags.release),
    epoch: number(tags.epoch),
    architecture: text(tags.architecture),
    sourceRpm: text(tags.sourceRpm),
    vendor: text(tags.vendor),
    licence: text(tags.licence),
    modularity: text(tags.modularity),
    *files() {
      const folders = [...texts(tags.folderNames, maxFiles)]
      let index = 0
      for (const name of texts(tags.baseNames, maxFiles))
        yield `${folders[number(tags.folderIndexes, index++) ?? -1] ?? '/'}${name}`
    },
  }
}

const utf8 = new TextDecoder()
