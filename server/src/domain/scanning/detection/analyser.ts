import type { FoundPackage } from '../inventory.ts'
import type { FileContent } from './file-content.ts'
import type { DetectionLimits } from './limits.ts'

/**
 * `image`: what is installed counts, and a lock file does not, since its packages may never have been installed. `folder` (a
 * source tree): the reverse. A root file system in a folder is read as an image. The rules are those of Trivy.
 */
export type DetectionMode = 'image' | 'folder'

/** A package as its own file tells of it, before layers and the operating system are known. */
export interface PackageDraft extends Omit<FoundPackage, 'path' | 'layer' | 'purl' | 'licences'> {
  readonly licences?: readonly string[]
  /** Within the file: `BOOT-INF/lib/a.jar` of a jar. */
  readonly within?: string
  /** Where the file itself says so: a bill of materials. */
  readonly purl?: string
}

/** One file that says which operating system this is; the most specific one wins (see systems/operating-system.ts). */
export interface SystemEvidence {
  readonly from: 'os-release' | 'alpine-release' | 'debian-version' | 'redhat-release' | 'lsb-release' | 'kylin-release'
  readonly id: string
  readonly version: string
  readonly name: string
}

/** What a file says. */
export interface FileFacts {
  readonly packages?: readonly PackageDraft[]
  readonly system?: SystemEvidence
  /** Paths that a package of the operating system brought, as far as a package of a language could be told by them. */
  readonly owned?: readonly string[]
  /** The package that `owned` is of, where its own record stands in another file: dpkg. */
  readonly owner?: string
  /** Packages whose files are not the distribution's, since somebody else built them: dpkg. */
  readonly foreignOwners?: readonly string[]
  /** Red Hat: repositories that the packages came from, or the build of an older image. */
  readonly contentSets?: readonly string[]
  /** A `go.mod` before Go 1.17, which leaves out what `go.sum` beside it names. */
  readonly incomplete?: true
  /** Name of the file beside it that it completes. Its packages count only there. */
  readonly completes?: string
  /** Licences of a package whose record stands in another file: dpkg's copyright files. */
  readonly licencesOf?: { readonly name: string; readonly licences: readonly string[] }
}

/** What may decide whether a file is wanted, before a byte of it is read. */
export interface FileHead {
  readonly path: string
  /** Last part of the path. */
  readonly name: string
  readonly size: number
  readonly executable: boolean
}

export interface AnalyserContext {
  readonly path: string
  readonly limits: DetectionLimits
  readonly isWantedPath: (path: string) => boolean
}

/** Reads one kind of file. Pure: bytes in, facts out. */
export interface Analyser {
  readonly name: string
  /** Larger files get the verdict TOO_LARGE. */
  readonly maxBytes: number
  readonly modes: readonly DetectionMode[]
  wants(file: FileHead): boolean
  /** For files that only their first bytes tell from others: executables. */
  sniff?(head: Uint8Array): boolean
  /** @throws any error for a damaged file; `undefined` where the file is not what its name said */
  read(content: FileContent, context: AnalyserContext): FileFacts | undefined
}

export const bothModes: readonly DetectionMode[] = ['image', 'folder']
export const imagesOnly: readonly DetectionMode[] = ['image']
export const foldersOnly: readonly DetectionMode[] = ['folder']

/** What a `FileHead` can be made of when only a path is known: of a list of files of a package. */
export const headOf = (path: string): FileHead => ({
  path,
  name: path.slice(path.lastIndexOf('/') + 1),
  size: 1,
  executable: false,
})
