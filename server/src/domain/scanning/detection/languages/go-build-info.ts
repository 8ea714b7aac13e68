import { type Executable, readAddress, readSection, type Section } from '../formats/executable.ts'

/** What the Go linker writes into a program (debug/buildinfo). */
export interface GoBuildInfo {
  /** `go1.22.3`, perhaps with more behind a space. */
  readonly goVersion: string
  readonly main?: GoModule
  readonly modules: readonly GoModule[]
  /** `-ldflags` of the build. */
  readonly linkerFlags: string
}

export interface GoModule {
  readonly path: string
  readonly version: string
}

const magic = new TextEncoder().encode(' Go buildinf:')
const magicBytes = magic.length + 1
const headerBytes = 32
const alignment = 16
const maxSectionBytes = 8 * 1024 * 1024
const maxTextBytes = 16 * 1024 * 1024

/** `undefined` for a program that Go did not link. */
export function goBuildInfoOf(executable: Executable): GoBuildInfo | undefined {
  const section = sectionOf(executable)
  if (section === undefined) return undefined
  const bytes = readSection(executable, section, maxSectionBytes)
  const at = findMagic(bytes)
  if (at === undefined) return undefined
  const flags = bytes[at + 15]!
  const [goVersion, modules] =
    (flags & 2) === 0 ? pointedTexts(executable, bytes.subarray(at)) : inlineTexts(executable, section, at)
  if (goVersion === '') return undefined
  return parseModules(goVersion, withoutSentinels(modules))
}

/** ELF and Mach-O name it; elsewhere it is the first of the data that the program may write. */
function sectionOf({ sections, segments }: Executable): Section | undefined {
  return (
    sections.find(({ name }) => name === '.go.buildinfo' || name === '__go_buildinfo') ??
    sections.find(({ name, writable }) => writable && name === '.data') ??
    segments.find(({ writable }) => writable)
  )
}

function findMagic(bytes: Uint8Array): number | undefined {
  for (let at = 0; at + headerBytes <= bytes.length; at += alignment) {
    if (bytes[at] === 0xff && magic.every((byte, index) => bytes[at + 1 + index] === byte)) return at
  }
  return undefined
}

/** Since Go 1.18: both texts follow, each behind its length. */
function inlineTexts(executable: Executable, section: Section, at: number): readonly [string, string] {
  const start = section.offset + at + headerBytes
  const bytes = executable.content.read(start, Math.max(0, Math.min(executable.content.size - start, maxTextBytes)))
  const version = textBehindLength(bytes, 0)
  const modules = textBehindLength(bytes, version.end)
  return [version.text, modules.text]
}

function textBehindLength(bytes: Uint8Array, start: number): { text: string; end: number } {
  let length = 0
  let at = start
  for (let scale = 1; at < bytes.length && scale < 2 ** 49; scale *= 128) {
    const byte = bytes[at++]!
    length += (byte & 0x7f) * scale
    if (byte < 0x80) {
      const end = at + length
      return end > bytes.length ? { text: '', end: bytes.length } : { text: decode(bytes.subarray(at, end)), end }
    }
  }
  return { text: '', end: bytes.length }
}

/** Before Go 1.18: pointers to Go's strings, which are pointers with lengths. */
function pointedTexts(executable: Executable, header: Uint8Array): readonly [string, string] {
  const pointerBytes = header[magicBytes]!
  if (pointerBytes !== 4 && pointerBytes !== 8) return ['', '']
  const little = (header[magicBytes + 1]! & 1) === 0
  const pointer = (bytes: Uint8Array, at: number) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return pointerBytes === 8 ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little)
  }
  const textAt = (address: number) => {
    const string = readAddress(executable, address, 2 * pointerBytes)
    if (string === undefined) return ''
    const length = pointer(string, pointerBytes)
    const bytes = length > maxTextBytes ? undefined : readAddress(executable, pointer(string, 0), length)
    return bytes === undefined ? '' : decode(bytes)
  }
  return [textAt(pointer(header, 16)), textAt(pointer(header, 16 + pointerBytes))]
}

/** The linker puts 16 bytes before and behind the list of modules. They are no UTF-8, so the text is kept in Latin 1. */
function withoutSentinels(text: string): string {
  return text.length >= 33 && text[text.length - 17] === '\n' ? text.slice(16, -16) : ''
}

const latin1 = new TextDecoder('latin1')
const decode = (bytes: Uint8Array): string => latin1.decode(bytes)

function parseModules(goVersion: string, text: string): GoBuildInfo {
  const modules: GoModule[] = []
  let main: GoModule | undefined
  let linkerFlags = ''
  for (const line of text.split('\n')) {
    const [word, path = '', version = ''] = line.split('\t')
    if (word === 'mod') main = { path, version }
    else if (word === 'dep' && path !== '') modules.push({ path, version })
    // A module that another one stands in for.
    else if (word === '=>' && modules.length > 0) modules[modules.length - 1] = { path, version }
    else if (word === 'build' && path.startsWith('-ldflags=')) linkerFlags = unquoted(path.slice('-ldflags='.length))
  }
  return { goVersion, ...(main === undefined ? {} : { main }), modules, linkerFlags }
}

/** Go quotes values that have spaces. */
function unquoted(value: string): string {
  return value.startsWith('"') && value.endsWith('"') && value.length > 1
    ? value
        .slice(1, -1)
        .replaceAll(String.raw`\"`, '"')
        .replaceAll(String.raw`\\`, '\\')
    : value
}
