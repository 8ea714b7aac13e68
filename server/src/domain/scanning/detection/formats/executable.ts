import { type FileContent, isWithin } from '../file-content.ts'
import { damaged } from '../verdict.ts'

export interface Section {
  readonly name: string
  /** Where it lies in memory when the program runs. */
  readonly address: number
  readonly offset: number
  readonly size: number
  readonly writable: boolean
}

/** A program: where its sections are in the file, and in memory. */
export interface Executable {
  readonly sections: readonly Section[]
  /** Pieces that are loaded; an address of memory lies in one of them. */
  readonly segments: readonly Section[]
  readonly content: FileContent
}

const maxSections = 10_000

/** ELF, PE or Mach-O of one processor by its first bytes. */
export function isExecutable(head: Uint8Array): boolean {
  if (head.length < 4) return false
  const magic = ((head[0]! << 24) | (head[1]! << 16) | (head[2]! << 8) | head[3]!) >>> 0
  const isPe = head[0] === 0x4d && head[1] === 0x5a
  return magic === 0x7f454c46 || isPe || machMagics.has(magic)
}

const machMagics = new Set([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe])

/** `undefined` for a file that is no program. @throws Unreadable DAMAGED */
export function readExecutable(content: FileContent): Executable | undefined {
  if (content.size < 64) return undefined
  const head = content.read(0, 64)
  if (!isExecutable(head)) return undefined
  if (head[0] === 0x7f) return readElf(content, head)
  if (head[0] === 0x4d) return readPe(content, head)
  return readMachO(content, head)
}

/** Bytes at an address of memory; `undefined` where nothing of the file is loaded there. */
export function readAddress(executable: Executable, address: number, length: number): Uint8Array | undefined {
  const segment = executable.segments.find((each) => address >= each.address && address < each.address + each.size)
  if (segment === undefined || address + length > segment.address + segment.size) return undefined
  const offset = segment.offset + address - segment.address
  return isWithin(offset, length, executable.content.size) ? executable.content.read(offset, length) : undefined
}

/** The part of a section that is in the file, up to a limit. */
export function readSection({ content }: Executable, { offset, size }: Section, maxBytes: number): Uint8Array {
  const length = Math.min(size, maxBytes, Math.max(0, content.size - offset))
  return length > 0 ? content.read(offset, length) : new Uint8Array(0)
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const text = new TextDecoder('latin1')

function untilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return text.decode(end === -1 ? bytes : bytes.subarray(0, end))
}

function assertCount(count: number): void {
  if (count > maxSections) throw damaged(`it has more than ${maxSections} sections`)
}

function readElf(content: FileContent, head: Uint8Array): Executable {
  const is64 = head[4] === 2
  const little = head[5] === 1
  const view = viewOf(head)
  const word = (of: DataView, at: number) => (is64 ? Number(of.getBigUint64(at, little)) : of.getUint32(at, little))
  const [programsAt, sectionsAt] = is64 ? [word(view, 32), word(view, 40)] : [word(view, 28), word(view, 32)]
  const counts = is64 ? 54 : 42
  const [programBytes, programs, sectionBytes, sections, namesIndex] = [0, 2, 4, 6, 8].map((at) =>
    view.getUint16(counts + at, little),
  ) as [number, number, number, number, number]
  assertCount(sections)

  const segments: Section[] = []
  for (let at = 0; at < programs && programBytes >= (is64 ? 56 : 32); at++) {
    const entry = viewOf(content.read(programsAt + at * programBytes, programBytes))
    const isLoaded = entry.getUint32(0, little) === 1
    const flags = entry.getUint32(is64 ? 4 : 24, little)
    const [offset, address, size] = is64
      ? [word(entry, 8), word(entry, 16), word(entry, 32)]
      : [word(entry, 4), word(entry, 8), word(entry, 16)]
    if (isLoaded) segments.push({ name: '', offset, address, size, writable: (flags & 2) !== 0 })
  }

  const found: { nameAt: number; section: Section }[] = []
  for (let at = 0; at < sections && sectionBytes >= (is64 ? 64 : 40); at++) {
    const entry = viewOf(content.read(sectionsAt + at * sectionBytes, sectionBytes))
    const [flags, address, offset, size] = is64
      ? [word(entry, 8), word(entry, 16), word(entry, 24), word(entry, 32)]
      : [word(entry, 8), word(entry, 12), word(entry, 16), word(entry, 20)]
    found.push({
      nameAt: entry.getUint32(0, little),
      section: { name: '', address, offset, size, writable: (flags & 1) !== 0 },
    })
  }
  const names = found[namesIndex]?.section
  const texts =
    names !== undefined && names.size < 1024 * 1024 && isWithin(names.offset, names.size, content.size)
      ? content.read(names.offset, names.size)
      : new Uint8Array(0)
  return {
    content,
    segments,
    sections: found.map(({ nameAt, section }) => ({
      ...section,
      name: untilNul(texts.subarray(nameAt, nameAt + 64)),
    })),
  }
}

function readPe(content: FileContent, head: Uint8Array): Executable | undefined {
  const at = viewOf(head).getUint32(0x3c, true)
  if (!isWithin(at, 24, content.size)) return undefined
  const header = viewOf(content.read(at, 24))
  if (header.getUint32(0, true) !== 0x4550) return undefined
  const count = header.getUint16(6, true)
  assertCount(count)
  const optionalBytes = header.getUint16(20, true)
  const optional = viewOf(content.read(at + 24, optionalBytes))
  const base =
    optionalBytes < 32
      ? 0
      : optional.getUint16(0, true) === 0x20b
        ? Number(optional.getBigUint64(24, true))
        : optional.getUint32(28, true)
  const sections: Section[] = []
  for (let index = 0; index < count; index++) {
    const bytes = content.read(at + 24 + optionalBytes + index * 40, 40)
    const entry = viewOf(bytes)
    sections.push({
      name: untilNul(bytes.subarray(0, 8)),
      address: base + entry.getUint32(12, true),
      size: entry.getUint32(16, true),
      offset: entry.getUint32(20, true),
      writable: (entry.getUint32(36, true) & 0x80000000) !== 0,
    })
  }
  return { content, sections, segments: sections }
}

function readMachO(content: FileContent, head: Uint8Array): Executable {
  const view = viewOf(head)
  const little = head[0] === 0xce || head[0] === 0xcf
  const is64 = (little ? head[0] : head[3]) === 0xcf
  const commands = view.getUint32(16, little)
  assertCount(commands)
  const sections: Section[] = []
  const segments: Section[] = []
  let at = is64 ? 32 : 28
  for (let index = 0; index < commands; index++) {
    const start = viewOf(content.read(at, 8))
    const [command, size] = [start.getUint32(0, little), start.getUint32(4, little)]
    if (size < 8) throw damaged('a command of it is damaged')
    if (command === (is64 ? 0x19 : 1)) readMachSegment(content.read(at, size), { is64, little, sections, segments })
    at += size
  }
  return { content, sections, segments }
}

interface MachReading {
  readonly is64: boolean
  readonly little: boolean
  readonly sections: Section[]
  readonly segments: Section[]
}

function readMachSegment(bytes: Uint8Array, { is64, little, sections, segments }: MachReading): void {
  const entry = viewOf(bytes)
  const word = (at: number) => (is64 ? Number(entry.getBigUint64(at, little)) : entry.getUint32(at, little))
  const width = is64 ? 8 : 4
  const writable = (entry.getUint32(is64 ? 60 : 44, little) & 2) !== 0
  const [address, offset, size] = [word(24), word(24 + 2 * width), word(24 + 3 * width)]
  segments.push({ name: untilNul(bytes.subarray(8, 24)), address, offset, size, writable })
  const count = entry.getUint32(is64 ? 64 : 48, little)
  assertCount(count + sections.length)
  const [first, each] = is64 ? [72, 80] : [56, 68]
  for (let index = 0; index < count; index++) {
    const start = first + index * each
    sections.push({
      name: untilNul(bytes.subarray(start, start + 16)),
      address: word(start + 32),
      size: word(start + 32 + width),
      offset: entry.getUint32(start + 32 + 2 * width, little),
      writable,
    })
  }
}
