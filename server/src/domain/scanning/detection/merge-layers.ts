import type { FoundPackage, Inventory, OperatingSystem, Unread } from '../inventory.ts'
import type { PackageDraft, SystemEvidence } from './analyser.ts'
import type { AnalysedFile, LayerInventory } from './layer-inventory.ts'
import { purlOf } from './purl.ts'
import { systemFrom } from './systems/operating-system.ts'

export interface Layer {
  /** Absent outside images. */
  readonly diffId?: string
  readonly inventory: LayerInventory
}

/** A file that is visible in the image, and for each of its packages the layer that brought it. */
interface VisibleFile {
  readonly file: AnalysedFile
  readonly layers: readonly (string | undefined)[]
}

/**
 * What the layers, lowest first, say together: files that a layer hides are gone, files that a package of the operating
 * system brought tell of no package of their own, and each package stands once for each of its places.
 */
export function mergeLayers(layers: readonly Layer[]): Inventory {
  const visible = new Map<string, VisibleFile>()
  const unread = new Map<string, Unread>()
  for (const { diffId, inventory } of layers) {
    hide(visible, inventory)
    hide(unread, inventory)
    for (const { path } of inventory.files) unread.delete(path)
    for (const each of inventory.unread) {
      visible.delete(each.where)
      unread.set(each.where, each)
    }
    for (const file of inventory.files) visible.set(file.path, appearing(file, diffId, visible.get(file.path)))
  }
  const files = completed(visible)
  const os = systemFrom(files.flatMap(({ file }): SystemEvidence[] => (file.system === undefined ? [] : [file.system])))
  const facts = gatherFacts(files)
  const packages = new Map<string, FoundPackage>()
  for (const { file, layers: broughtBy } of files) {
    if (facts.owned.has(file.path)) continue
    file.packages?.forEach((draft, at) => {
      const found = asFound(draft, file, broughtBy[at], os, facts.licences)
      const key = `${found.kind}\0${found.name}\0${found.version}\0${found.path}`
      if (!packages.has(key)) packages.set(key, found)
    })
  }
  return {
    ...(os === undefined ? {} : { os }),
    packages: [...packages.values()].sort(byPlace),
    unread: [...unread.values()],
    ...(facts.contentSets.length === 0 ? {} : { contentSets: facts.contentSets }),
  }
}

/** Files that complete another one beside them give it what it leaves out, and say nothing by themselves. */
function completed(visible: ReadonlyMap<string, VisibleFile>): VisibleFile[] {
  const more = new Map<string, VisibleFile>()
  for (const each of visible.values()) {
    if (each.file.completes === undefined) continue
    const folder = each.file.path.slice(0, each.file.path.lastIndexOf('/') + 1)
    more.set(folder + each.file.completes, each)
  }
  return [...visible.values()]
    .filter(({ file }) => file.completes === undefined)
    .map((each) => {
      const other = each.file.incomplete === true ? more.get(each.file.path) : undefined
      return other === undefined ? each : withMore(each, other)
    })
}

function withMore({ file, layers }: VisibleFile, more: VisibleFile): VisibleFile {
  const { packages = [] } = file
  const known = new Set(packages.map(({ name }) => name))
  const added = (more.file.packages ?? [])
    .map((draft, at) => ({ draft, layer: more.layers[at] }))
    .filter(({ draft }) => !known.has(draft.name))
  return {
    file: { ...file, packages: [...packages, ...added.map(({ draft }) => draft)] },
    layers: [...layers, ...added.map(({ layer }) => layer)],
  }
}

function hide(visible: Map<string, unknown>, { whiteouts, opaque, replaced }: LayerInventory): void {
  if (visible.size === 0 || whiteouts.length + opaque.length + replaced.length === 0) return
  // What takes a place hides the file there, and all that was below it when it was a folder.
  const gone = new Set([...whiteouts, ...replaced])
  const emptied = new Set(opaque)
  for (const path of visible.keys()) if (isHidden(path, gone, emptied)) visible.delete(path)
}

function isHidden(path: string, gone: ReadonlySet<string>, emptied: ReadonlySet<string>): boolean {
  if (gone.has(path) || emptied.has('')) return true
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const folder = path.slice(0, at)
    if (gone.has(folder) || emptied.has(folder)) return true
  }
  return false
}

/** A package that this file had already came with the layer that brought it first. */
function appearing(file: AnalysedFile, diffId: string | undefined, before: VisibleFile | undefined): VisibleFile {
  const first = new Map(before?.file.packages?.map((each, at) => [identity(each), before.layers[at]]))
  const layers = (file.packages ?? []).map((each) => {
    const known = identity(each)
    return first.has(known) ? first.get(known) : diffId
  })
  return { file, layers }
}

const identity = ({ kind, name, version, within = '' }: PackageDraft): string =>
  `${kind}\0${name}\0${version}\0${within}`

interface Facts {
  readonly owned: ReadonlySet<string>
  readonly licences: ReadonlyMap<string, readonly string[]>
  readonly contentSets: readonly string[]
}

function gatherFacts(files: readonly VisibleFile[]): Facts {
  const owned = new Set<string>()
  const licences = new Map<string, readonly string[]>()
  const foreign = new Set(files.flatMap(({ file }) => file.foreignOwners ?? []))
  for (const { file } of files) {
    if (file.licencesOf !== undefined) licences.set(file.licencesOf.name, file.licencesOf.licences)
    if (file.owner === undefined || !foreign.has(file.owner)) for (const path of file.owned ?? []) owned.add(path)
  }
  return {
    owned,
    licences,
    contentSets: [...new Set(files.flatMap(({ file }) => file.contentSets ?? []))],
  }
}

function asFound(
  draft: PackageDraft,
  file: AnalysedFile,
  layer: string | undefined,
  os: OperatingSystem | undefined,
  licencesByName: ReadonlyMap<string, readonly string[]>,
): FoundPackage {
  const { within, licences: own = [], purl, ...facts } = draft
  const licences = own.length === 0 && draft.kind === 'deb' ? (licencesByName.get(draft.name) ?? []) : own
  return {
    ...facts,
    licences,
    path: within === undefined ? file.path : `${file.path}/${within}`,
    ...(layer === undefined ? {} : { layer }),
    purl: purl ?? purlOf(draft, os),
  }
}

function byPlace(one: FoundPackage, other: FoundPackage): number {
  return (
    compare(one.kind, other.kind) ||
    compare(one.name, other.name) ||
    compare(one.version, other.version) ||
    compare(one.path, other.path)
  )
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
