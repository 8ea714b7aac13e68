import { resolve } from 'node:path'
import { flagOf, type GatheredSettings } from './sources.ts'

/** The settings that say which registry is meant, with what each names. */
const locating: Readonly<Record<string, 'path' | 'text'>> = {
  data_folder: 'path',
  'database.file': 'path',
  'database.url': 'text',
  'storage.folder': 'path',
  's3.bucket': 'text',
  's3.prefix': 'text',
  's3.provider': 'text',
  's3.region': 'text',
  's3.endpoint': 'text',
  's3.credentials_file': 'path',
}

/**
 * What has to stand behind another command, so that it means the same registry: the file, and what flags and variables
 * said over it. Paths are whole, so that it works from any folder. An address with a password is never repeated.
 */
export function locatingFlagsOf({ raw, sources }: GatheredSettings, file: string | undefined): string[] {
  const flags = file ? ['--config', resolve(file)] : []
  for (const [path, kind] of Object.entries(locating)) {
    const source = sources.get(path)
    const isFromFile = source === undefined || source.includes(' in ')
    if (isFromFile) continue
    const value = String(valueAt(raw, path))
    if (kind === 'path') flags.push(flagOf(path), resolve(value))
    else if (!hasPassword(value)) flags.push(flagOf(path), value)
  }
  return flags
}

function valueAt(tree: unknown, path: string): unknown {
  return path.split('.').reduce((node, key) => (node as Record<string, unknown> | undefined)?.[key], tree)
}

const hasPassword = (text: string): boolean => /:\/\/[^\s/@]*:[^\s@]*@/.test(text)
