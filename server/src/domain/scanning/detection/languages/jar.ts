import { type Analyser, imagesOnly, type PackageDraft } from '../analyser.ts'
import { contentOf, type FileContent, utf8 } from '../file-content.ts'
import { openZip, type Zip, type ZipEntry } from '../formats/zip.ts'
import { licencesFrom } from '../licences.ts'
import type { DetectionLimits } from '../limits.ts'
import { tooLarge, Unreadable } from '../verdict.ts'

const mib = 1024 * 1024
const maxPropertiesBytes = mib
const maxManifestBytes = 10 * mib
/** Nested archives are unpacked in memory, one within the other. */
const maxNestedBytes = 256 * mib

const isArchive = (name: string): boolean => /\.(?:jar|war|ear|par|hpi|jpi)$/.test(name)

/** Archives of Java, and those within them: each tells what it is, or what was packed together in it. */
export const jarAnalyser: Analyser = {
  name: 'jar',
  maxBytes: 2048 * mib,
  modes: imagesOnly,
  wants: ({ name, size }) => size > 0 && isArchive(name),
  read(content, { path, limits }) {
    const reading: JarReading = { limits, entries: 0, bytes: 0 }
    const packages = packagesOf(content, { path, within: '', depth: 0 }, reading)
    return packages.length === 0 ? undefined : { packages }
  },
}

/** What all levels of one file have used of their limits together. */
interface JarReading {
  readonly limits: DetectionLimits
  entries: number
  bytes: number
}

interface Place {
  readonly path: string
  /** Within the file; empty for the file itself. */
  readonly within: string
  readonly depth: number
}

function packagesOf(content: FileContent, place: Place, reading: JarReading): PackageDraft[] {
  const zip = openZip(content, reading.limits)
  reading.entries += zip.entries.length
  if (reading.entries > reading.limits.maxArchiveEntries) {
    throw tooLarge(`it has more than ${reading.limits.maxArchiveEntries} entries`)
  }
  const packages = new Map<string, PackageDraft>()
  const add = (name: string, version: string, within: string) => {
    const key = `${name}\0${version}\0${within}`
    if (!packages.has(key)) packages.set(key, { kind: 'maven', name, version, ...(within === '' ? {} : { within }) })
  }
  const file = fromFileName(place.within === '' ? place.path : place.within)
  let isToldByProperties = false
  let manifest: ReadonlyMap<string, string> = new Map()
  for (const entry of zip.entries) {
    const name = entry.name.slice(entry.name.lastIndexOf('/') + 1)
    if (name === 'pom.properties') {
      const { group, artifact, version } = pomProperties(textIn(zip, entry, reading))
      if (group === '' || artifact === '' || version === '') continue
      add(`${group}:${artifact}`, version, place.within)
      isToldByProperties ||= artifact === file.artifact && version === file.version
    } else if (entry.name === 'META-INF/MANIFEST.MF') manifest = mainSection(textIn(zip, entry, reading))
    else if (isArchive(name))
      for (const each of nestedPackages(zip, entry, place, reading)) add(each.name, each.version, each.within ?? '')
  }
  const own = isToldByProperties ? undefined : ownName(manifest, file, packages)
  if (own !== undefined) add(own.name, own.version, place.within)
  return [...packages.values()].map((each) => withLicence(each, place, manifest))
}

function nestedPackages(zip: Zip, entry: ZipEntry, place: Place, reading: JarReading): PackageDraft[] {
  const { limits } = reading
  if (place.depth >= limits.maxArchiveDepth) {
    throw new Unreadable('TOO_DEEP', `its archives are nested more than ${limits.maxArchiveDepth} deep`)
  }
  const bytes = readWithin(zip, entry, maxNestedBytes, reading)
  const within = place.within === '' ? entry.name : `${place.within}/${entry.name}`
  try {
    return packagesOf(contentOf(bytes), { path: place.path, within, depth: place.depth + 1 }, reading)
  } catch (error) {
    // Files that are only named like archives are common; bombs are not.
    if (error instanceof Unreadable && error.code === 'DAMAGED') return []
    throw error
  }
}

/** The sum of all that was unpacked is bounded too. */
function readWithin(zip: Zip, entry: ZipEntry, maxBytes: number, reading: JarReading): Uint8Array {
  reading.bytes += entry.bytes
  if (reading.bytes > reading.limits.maxArchiveBytes) {
    throw tooLarge(`its archives have more than ${reading.limits.maxArchiveBytes} bytes`)
  }
  return zip.read(entry, maxBytes)
}

const textIn = (zip: Zip, entry: ZipEntry, reading: JarReading): string =>
  utf8.decode(readWithin(zip, entry, entry.name.endsWith('.MF') ? maxManifestBytes : maxPropertiesBytes, reading))

function pomProperties(text: string): { group: string; artifact: string; version: string } {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const equals = line.indexOf('=')
    if (equals !== -1) values.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim())
  }
  return {
    group: values.get('groupId') ?? '',
    artifact: values.get('artifactId') ?? '',
    version: values.get('version') ?? '',
  }
}

/** The first section; a line that begins with a space goes on with the one before it, in the middle of a word. */
function mainSection(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  let last = ''
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '') break
    if (line.startsWith(' ')) {
      const known = values.get(last)
      if (known !== undefined && known.length < 10_000) values.set(last, known + line.slice(1))
      continue
    }
    const colon = line.indexOf(':')
    last = line.slice(0, Math.max(0, colon))
    values.set(last, line.slice(colon + 1).trim())
  }
  return values
}

interface FileName {
  readonly artifact: string
  readonly version: string
}

/** `spring-core-5.3.4-SNAPSHOT.jar` */
function fromFileName(path: string): FileName {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const [, artifact = '', version = ''] = /^([\w.-]*[^-*])-(\d\S*)\.\w+$/.exec(name.slice(0, 300)) ?? []
  return { artifact, version }
}

/** Without properties of Maven: what the manifest calls itself, with the name of the file where it has one. */
function ownName(
  manifest: ReadonlyMap<string, string>,
  file: FileName,
  told: ReadonlyMap<string, PackageDraft>,
): { name: string; version: string } | undefined {
  const value = (...names: readonly string[]) =>
    names.map((name) => manifest.get(name) ?? '').find((each) => each !== '' && !each.startsWith('%')) ?? ''
  const group = groupOf(value)
  // Archives are named by their artifact; titles are written for people.
  const artifact = file.artifact === '' ? artifactOf(value) : file.artifact
  const version = value('Implementation-Version', 'Specification-Version', 'Bundle-Version')
  if (group !== '' && artifact !== '' && version !== '') return { name: `${group}:${artifact}`, version }
  // The group is not known; a name without one says more than nothing, unless the archive said something else.
  return told.size === 0 && file.artifact !== '' ? { name: file.artifact, version: file.version } : undefined
}

type ManifestValue = (...names: readonly string[]) => string

function groupOf(value: ManifestValue): string {
  const vendorId = value('Implementation-Vendor-Id')
  if (vendorId !== '') return vendorId
  const symbolic = value('Bundle-SymbolicName').split(';')[0]!
  const dot = symbolic.lastIndexOf('.')
  if (dot > 0) return symbolic.slice(0, dot)
  const vendor = value('Implementation-Vendor', 'Specification-Vendor')
  return /^[\w-]+(?:\.[\w-]+)+$/.test(vendor) ? vendor : ''
}

function artifactOf(value: ManifestValue): string {
  const title = value('Implementation-Title', 'Specification-Title', 'Bundle-Name')
  if (/^[\w.-]+$/.test(title)) return title
  const symbolic = value('Bundle-SymbolicName').split(';')[0]!
  return symbolic.slice(symbolic.lastIndexOf('.') + 1)
}

/** The manifest's licence is that of the archive itself, when nothing else was packed into it. */
function withLicence(draft: PackageDraft, place: Place, manifest: ReadonlyMap<string, string>): PackageDraft {
  const written = manifest.get('Bundle-License')
  if (written === undefined || (draft.within ?? '') !== place.within || draft.licences !== undefined) return draft
  return { ...draft, licences: licencesFrom(written.split(',').map((each) => each.split(';')[0]!.trim())) }
}
