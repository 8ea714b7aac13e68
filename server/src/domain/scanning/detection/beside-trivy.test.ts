import { afterAll, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findClient, skipLoudly } from '../../../../../conformance/harness/real-client.ts'
import { inventoryOf } from './detect.ts'
import { archiveTree } from './inputs/file-tree.ts'
import { readFolder } from './inputs/folder.ts'
import { imageIn } from './inputs/images.ts'
import type { FoundPackage, Inventory, PackageKind } from '../inventory.ts'
import { defaultLimits } from './limits.ts'
import { mergeLayers } from './merge-layers.ts'
import { readLayer } from './read-layer.ts'

/** Lists of packages of real images and lock files, ours beside Trivy's. Every difference has its reason here. */
const data = join(import.meta.dir, ...Array.from({ length: 6 }, () => '..'), 'shared', 'data')
const trivy = findClient('trivy')
const kinds: Readonly<Record<string, PackageKind>> = {
  'node-pkg': 'npm',
  npm: 'npm',
  yarn: 'npm',
  pnpm: 'npm',
  'python-pkg': 'pypi',
  pip: 'pypi',
  pipenv: 'pypi',
  poetry: 'pypi',
  gobinary: 'golang',
  gomod: 'golang',
  pom: 'maven',
  gradle: 'maven',
  gemspec: 'gem',
  bundler: 'gem',
  'composer-vendor': 'composer',
  'dotnet-core': 'nuget',
  'packages-props': 'nuget',
  pub: 'pub',
  hex: 'hex',
  'conda-pkg': 'conda',
  alpine: 'apk',
  debian: 'deb',
}

/** Reasons for what only one of the two finds, by kind and name; a reason that explains nothing fails the test. */
interface Differences {
  readonly onlyOurs: Readonly<Record<string, RegExp>>
  readonly onlyTrivy: Readonly<Record<string, RegExp>>
}

const key = (kind: string, name: string, version: string, path: string): string =>
  `${kind} ${name} ${version.replace(/^v/, '')} ${path}`
const isOfSystem = (kind: string): boolean => kind === 'apk' || kind === 'deb' || kind === 'rpm'
const keyOf = ({ kind, name, version, path }: FoundPackage): string =>
  key(kind, name, version, isOfSystem(kind) ? '' : path)

interface TrivyPackage {
  readonly Name: string
  readonly Version: string
  readonly Release?: string
  readonly Epoch?: number
  readonly FilePath?: string
}

const cache = mkdtempSync(join(tmpdir(), 'berth-trivy-'))
afterAll(() => rmSync(cache, { recursive: true }))

function listOfTrivy(...words: readonly string[]): Set<string> {
  const options = [
    '--offline-scan',
    '--skip-db-update',
    '--skip-java-db-update',
    '--format',
    'json',
    '--list-all-pkgs',
    '--scanners',
    'license',
    '--cache-dir',
    cache,
  ]
  const [command = '', ...rest] = words
  const run = spawnSync(trivy!, [command, ...options, ...rest], { maxBuffer: 2 ** 28, encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`trivy: ${run.stderr.slice(-2_000)}`)
  const { Results = [] } = JSON.parse(run.stdout) as {
    Results?: { Target: string; Type?: string; Packages?: TrivyPackage[] }[]
  }
  const found = Results.flatMap(({ Target, Type = '', Packages = [] }) =>
    Packages.map((each) => {
      const kind = kinds[Type] ?? Type
      const version = `${each.Epoch === undefined ? '' : `${each.Epoch}:`}${each.Version}${each.Release === undefined ? '' : `-${each.Release}`}`
      return key(kind, each.Name, version, isOfSystem(kind) ? '' : (each.FilePath ?? Target))
    }),
  )
  return new Set(found)
}

async function compare(
  title: string,
  inventory: Inventory,
  theirs: Set<string>,
  differences: Differences,
): Promise<void> {
  const ours = new Map(inventory.packages.map((each) => [keyOf(each), each]))
  const rows = new Map<string, [equal: number, onlyOurs: number, onlyTrivy: number]>()
  const count = (entry: string, column: 0 | 1 | 2) => {
    const kind = entry.split(' ')[0]!
    const row = rows.get(kind) ?? [0, 0, 0]
    row[column]++
    rows.set(kind, row)
  }
  for (const each of ours.keys()) count(each, theirs.has(each) ? 0 : 1)
  for (const each of theirs) if (!ours.has(each)) count(each, 2)
  console.log(
    `${title}: kind, equal, only ours, only Trivy\n${[...rows].map(([kind, row]) => `  ${kind.padEnd(10)} ${row.join(' ')}`).join('\n')}`,
  )
  const unexplained = (list: readonly string[], reasons: Differences['onlyOurs']) =>
    list.filter((each) => !Object.values(reasons).some((reason) => reason.test(each)))
  // Trivy lists nothing that is for development only.
  const onlyOurs = [...ours]
    .filter(([entry, { development }]) => !theirs.has(entry) && development !== true)
    .map(([entry]) => entry)
  expect(unexplained(onlyOurs, differences.onlyOurs)).toEqual([])
  expect(
    unexplained(
      [...theirs].filter((each) => !ours.has(each)),
      differences.onlyTrivy,
    ),
  ).toEqual([])
}

if (trivy === undefined) skipLoudly('packages beside Trivy', 'not on this machine: trivy')
else {
  const fixtures = join(data, 'trivy-fixtures', 'repo')
  if (!existsSync(fixtures)) skipLoudly('packages beside Trivy', `there are no lock files in ${fixtures}`)
  else {
    describe('packages of lock files are those of Trivy', () => {
      test('in a source tree', async () => {
        const inventory = mergeLayers([{ inventory: await readFolder(fixtures, { mode: 'folder' }) }])
        expect(inventory.unread).toEqual([])
        await compare('lock files', inventory, listOfTrivy('fs', fixtures), {
          onlyOurs: {
            'this Trivy is older than the format':
              /(bun\.lock|uv\.lock|pylock\.toml|build\.sbt\.lock|environment\.yaml|Package\.resolved)$/,
            'this Trivy is older than the file': /Directory\.Packages\.props$/,
            'of cargo and julia this Trivy lists what Cargo.toml and Project.toml reach': /^(cargo|julia) /,
            'of yarn this Trivy asks package.json': /yarn\.lock$/,
          },
          onlyTrivy: { 'a package without a version': /undefined/ },
        })
      }, 120_000)
    })
  }
  for (const name of ['alpine-310', 'alpine-311']) {
    const file = join(data, 'images', `${name}.tar.gz`)
    if (!existsSync(file)) skipLoudly(`packages of ${name} beside Trivy`, `there is no ${file}`)
    else {
      test(`packages of ${name} are those of Trivy`, async () => {
        await using tree = await archiveTree(file, defaultLimits)
        const image = await imageIn(tree)
        const inventory = await inventoryOf(image, { readLayer: (layer) => readLayer(() => layer.open()) })
        expect(inventory.packages).toHaveLength(14)
        await compare(name, inventory, listOfTrivy('image', '--input', file), { onlyOurs: {}, onlyTrivy: {} })
      }, 120_000)
    }
  }
}
