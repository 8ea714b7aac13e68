import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from './run-tool.ts'
import { buildFolder, root } from './source.ts'

/** A platform as Go, Docker and Debian name its processor, and as Bun names it. */
export interface Platform {
  readonly os: 'linux' | 'darwin'
  readonly arch: 'amd64' | 'arm64'
  readonly bun: string
}

export const platforms: readonly Platform[] = [
  // Without AVX2: a package must not depend on how old the processor is.
  { os: 'linux', arch: 'amd64', bun: 'linux-x64-baseline' },
  { os: 'linux', arch: 'arm64', bun: 'linux-aarch64' },
  { os: 'darwin', arch: 'amd64', bun: 'darwin-x64' },
  { os: 'darwin', arch: 'arm64', bun: 'darwin-aarch64' },
]

/** Builds the executable of a platform and gives its path. */
export function buildExecutable({ os, arch, bun }: Platform, folder: string): string {
  const outfile = join(buildFolder, 'dist', 'berth')
  const runtime = runtimeOf(bun)
  rmSync(outfile, { force: true })
  runTool(
    [
      process.execPath,
      join(buildFolder, 'tools', 'build.mjs'),
      '--outfile',
      outfile,
      '--runtime',
      runtime,
      '--target',
      targetOf(bun),
    ],
    { cwd: buildFolder },
  )
  const file = join(folder, `berth-${os}-${arch}`)
  runTool(['cp', outfile, file])
  chmodSync(file, 0o755)
  return file
}

const targetOf = (bun: string): string => bun.replace('aarch64', 'arm64')

/** Of the packages that this project does not install itself; those it does are in its lock file. */
const integrities: Readonly<Record<string, string>> = {
  '@oven/bun-linux-x64-baseline@1.4.5':
    'sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==',
}

/** Bun for a platform, from the package that npm has of it, in the version that is locked here. */
function runtimeOf(bun: string): string {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { version: string; integrity?: string }>>
  }
  const { version } = packages['node_modules/@oven/bun-linux-x64']!
  const name = `@oven/bun-${bun}`
  const expected = packages[`node_modules/${name}`]?.integrity ?? integrities[`${name}@${version}`]
  if (expected === undefined)
    throw new Error(`the digest of ${name}@${version} is not known: name it in ${import.meta.path}`)
  const folder = join(root, '.cache', 'runtimes', `${bun}-${version}`)
  const file = join(folder, 'package', 'bin', 'bun')
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  const archive = join(folder, runTool(['npm', 'pack', '--silent', `${name}@${version}`], { cwd: folder }).trim())
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  if (found !== expected) throw new Error(`${name}@${version} is not what it was: ${found} instead of ${expected}`)
  runTool(['tar', '-xzf', archive], { cwd: folder })
  rmSync(archive)
  return file
}
