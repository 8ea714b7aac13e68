import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runTool } from './run-tool.ts'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** What is released: its version, its commit, and the time (s) that stands in everything that is built. */
export interface Source {
  readonly version: string
  readonly commit: string | undefined
  readonly epoch: number
  readonly files: readonly string[]
}

/** @throws Error when the files are not those of a commit, unless `dirty` says that this is meant */
export function readSource(dirty: boolean): Source {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const git = (...args: string[]): string => runTool(['git', ...args], { cwd: root }).trim()
  if (!existsSync(join(root, '.git'))) throw new Error('a release is made of a commit: this folder is no clone')
  const changed = git('status', '--porcelain')
  if (changed !== '' && !dirty) {
    throw new Error(
      `a release is made of a commit; these files differ from it (--dirty builds them all the same):\n${changed}`,
    )
  }
  const epoch = Number(process.env['SOURCE_DATE_EPOCH'] ?? git('log', '-1', '--format=%ct'))
  const files = git('ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0').filter(Boolean)
  return { version, commit: changed === '' ? git('rev-parse', 'HEAD') : undefined, epoch, files }
}

/** The order in which the bundler writes modules follows the folder they lie in, so releases are always built in the same one. */
export const buildFolder = '/var/tmp/berth-release-build'

/** Copies the files of the release, and what they need, to the folder in which they are built. */
export function copySource({ files }: Source): void {
  rmSync(buildFolder, { recursive: true, force: true })
  mkdirSync(buildFolder, { recursive: true, mode: 0o755 })
  for (const file of files) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(buildFolder, file), { verbatimSymlinks: true })
  }
  cpSync(join(root, 'node_modules'), join(buildFolder, 'node_modules'), { recursive: true, verbatimSymlinks: true })
}
