import { type Analyser, type DetectionMode, foldersOnly, type PackageDraft } from '../analyser.ts'
import type { FileContent } from '../file-content.ts'

/** Of files that people write or tools generate for a whole project; a file beyond it is no lock file but an attack. */
export const maxLockBytes = 32 * 1024 * 1024
/** YAML and TOML take a hundred times as long to read as JSON. */
export const maxSlowLockBytes = 8 * 1024 * 1024

export interface LockFile {
  readonly name: string
  /** Names of files, or what is asked of them. */
  readonly files: readonly string[] | ((name: string, path: string) => boolean)
  readonly modes?: readonly DetectionMode[]
  readonly maxBytes?: number
  readonly packages: (content: FileContent, path: string) => readonly PackageDraft[]
}

/** A lock file tells what a project will be built with: in a source tree, and where nothing else tells, in images too. */
export function lockAnalyser({
  name,
  files,
  modes = foldersOnly,
  maxBytes = maxLockBytes,
  packages,
}: LockFile): Analyser {
  const isOne = typeof files === 'function' ? files : (fileName: string) => files.includes(fileName)
  return {
    name,
    maxBytes,
    modes,
    wants: (file) => file.size > 0 && isOne(file.name, file.path),
    read(content, { path }) {
      const found = new Map<string, PackageDraft>()
      for (const each of packages(content, path)) {
        if (each.name === '' || each.version === '') continue
        const key = `${each.name}\0${each.version}`
        // What is needed twice is for development only when it is so both times.
        const known = found.get(key)
        if (known === undefined || (known.development === true && each.development !== true)) found.set(key, each)
      }
      return { packages: [...found.values()] }
    },
  }
}

export const whenDevelopment = (is: boolean): { readonly development?: true } => (is ? { development: true } : {})
