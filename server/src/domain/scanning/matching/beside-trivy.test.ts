import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findClient, skipLoudly } from '../../../../../conformance/harness/real-client.ts'
import { AdvisoryFile, AdvisoryFileWriter } from '../data/advisory-file.ts'
import { importAdvisories } from '../data/import-advisories.ts'
import { inventoryOf } from '../detection/detect.ts'
import { archiveTree } from '../detection/inputs/file-tree.ts'
import { readFolder } from '../detection/inputs/folder.ts'
import { imageIn } from '../detection/inputs/images.ts'
import { defaultLimits } from '../detection/limits.ts'
import { mergeLayers } from '../detection/merge-layers.ts'
import { readLayer } from '../detection/read-layer.ts'
import type { Inventory } from '../inventory.ts'
import { writeTrivy } from '../reports/write-trivy.ts'
import { matchInventory } from './match-inventory.ts'
import { TrivyDbForTest } from './trivy-db-for-test.ts'

/** Findings beside those of Trivy on the same advisories. bench/SCANNING.md has the table; every difference has its reason here. */
const data = join(import.meta.dir, ...Array.from({ length: 6 }, () => '..'), 'shared', 'data')
const trivy = findClient('trivy')
const cache = mkdtempSync(join(tmpdir(), 'berth-trivy-'))
afterAll(() => rmSync(cache, { recursive: true }))

interface TrivyReport {
  readonly Results?: readonly {
    readonly Target: string
    readonly Class: string
    readonly Type: string
    readonly Vulnerabilities?: readonly {
      readonly VulnerabilityID: string
      readonly PkgName: string
      readonly PkgPath?: string
      readonly InstalledVersion: string
      readonly FixedVersion?: string
      readonly Severity: string
    }[]
  }[]
}

/** `npm CVE-2019-10744 lodash 4.17.4 npm/package-lock.json fixed in 4.17.12, CRITICAL` */
const keysOf = ({ Results = [] }: TrivyReport): Set<string> =>
  new Set(
    Results.flatMap(({ Target, Class, Type, Vulnerabilities = [] }) =>
      Vulnerabilities.map((each) =>
        [
          Type,
          each.VulnerabilityID,
          each.PkgName,
          each.InstalledVersion.replace(/^v/, ''),
          Class === 'os-pkgs' ? '-' : (each.PkgPath ?? Target),
          `fixed in ${each.FixedVersion ?? '-'},`,
          each.Severity,
        ].join(' '),
      ),
    ),
  )

function findingsOfTrivy(...words: readonly string[]): Set<string> {
  const [command = '', ...rest] = words
  const options = ['--offline-scan', '--skip-db-update', '--skip-java-db-update', '--scanners', 'vuln']
  const args = [command, ...options, '--format', 'json', '--cache-dir', cache, ...rest]
  const run = spawnSync(trivy!, args, { maxBuffer: 2 ** 28, encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`trivy: ${run.stderr.slice(-2_000)}`)
  return keysOf(JSON.parse(run.stdout) as TrivyReport)
}

function ourFindings(inventory: Inventory, input: 'image' | 'folder'): Set<string> {
  using source = new AdvisoryFile(join(cache, 'ours.db'), { number: 1, importTime: '2026-01-01T00:00:00Z' })
  const scan = matchInventory(inventory, source, { now: '2026-01-01T00:00:00Z' })
  const origin = { created: '2026-01-01T00:00:00Z', uuid: '', toolVersion: '' }
  const subject = { name: 'it', type: 'container' } as const
  return keysOf(writeTrivy({ subject, input, inventory, scan, dataTime: '', origin }) as TrivyReport)
}

interface Reasons {
  readonly onlyOurs?: Readonly<Record<string, RegExp>>
  readonly onlyTrivy?: Readonly<Record<string, RegExp>>
}

function compare(
  title: string,
  ours: Set<string>,
  theirs: Set<string>,
  { onlyOurs = {}, onlyTrivy = {} }: Reasons,
): void {
  const kinds = [...new Set([...ours, ...theirs].map((each) => each.split(' ')[0]!))].toSorted()
  const rows = kinds.map((kind) => {
    const of = (set: Set<string>) => [...set].filter((each) => each.startsWith(`${kind} `))
    const equal = of(ours).filter((each) => theirs.has(each)).length
    return `| ${title} | ${kind} | ${equal} | ${of(ours).length - equal} | ${of(theirs).length - equal} |`
  })
  console.log(rows.join('\n'))
  const unexplained = (list: readonly string[], reasons: Readonly<Record<string, RegExp>>) =>
    list.filter((each) => !Object.values(reasons).some((reason) => reason.test(each)))
  expect({
    onlyOurs: unexplained([...ours.difference(theirs)], onlyOurs),
    onlyTrivy: unexplained([...theirs.difference(ours)], onlyTrivy),
  }).toEqual({ onlyOurs: [], onlyTrivy: [] })
}

const advisories = join(data, 'advisories')
const fixtures = join(data, 'trivy-fixtures')

if (trivy === undefined) skipLoudly('findings beside Trivy', 'not on this machine: trivy')
else if (!existsSync(fixtures) || !existsSync(advisories))
  skipLoudly('findings beside Trivy', `there is no data in ${data}`)
else {
  describe('findings are those of Trivy on the same advisories', () => {
    beforeAll(async () => {
      const database = new TrivyDbForTest()
      database.fixtures(join(fixtures, 'db'))
      database.alpine(join(advisories, 'alpine-secdb-2024-12-31.ndjson.gz'))
      database.debian(join(advisories, 'debian-12-bookworm-2023-07-14.ndjson.gz'), '12')
      const file = database.write(cache)
      using writer = new AdvisoryFileWriter(join(cache, 'ours.db'))
      await importAdvisories(file, writer)
    }, 120_000)

    test.each(['alpine-310', 'alpine-311'])(
      '%s',
      async (name) => {
        const file = join(data, 'images', `${name}.tar.gz`)
        await using tree = await archiveTree(file, defaultLimits)
        const image = await imageIn(tree)
        const inventory = await inventoryOf(image, { readLayer: (layer) => readLayer(() => layer.open()) })
        compare(name, ourFindings(inventory, 'image'), findingsOfTrivy('image', '--input', file), {})
      },
      120_000,
    )

    test('lock files', async () => {
      const repo = join(fixtures, 'repo')
      const inventory = mergeLayers([{ inventory: await readFolder(repo, { mode: 'folder' }) }])
      compare('lock files', ourFindings(inventory, 'folder'), findingsOfTrivy('fs', repo), {
        onlyOurs: {
          'this Trivy is older than its matching of this form; newer ones expect the same of these fixtures':
            /^(bun|uv|sbt|swift|cocoapods) |^pip .* pylock\/|Directory\.Packages\.props /,
          'this Trivy looks for the name as it is written; newer data has it in lower case':
            /^nuget .* Newtonsoft\.Json /,
        },
      })
    }, 120_000)

    const isDebian12 =
      existsSync('/var/lib/dpkg/status') && /^VERSION_ID="?12"?$/m.test(readFileSync('/etc/os-release', 'utf8'))
    if (!isDebian12) skipLoudly('findings of a Debian 12 beside Trivy', 'this machine runs another system')
    else {
      const status = readFileSync('/var/lib/dpkg/status', 'utf8')
      // The first number of each version, one lower: most fixes are then still to come.
      const earlier = status.replace(
        /^((?:Version: |Source: \S+ \()(?:\d+:)?)(\d+)/gm,
        (_, head: string, number: string) => `${head}${Math.max(0, Number(number) - 1)}`,
      )
      test.each([
        ['Debian 12', status],
        ['Debian 12, set back', earlier],
      ])(
        '%s',
        async (title, text) => {
          const root = join(cache, title.replaceAll(' ', '-'))
          mkdirSync(join(root, 'var/lib/dpkg'), { recursive: true })
          mkdirSync(join(root, 'etc'))
          writeFileSync(join(root, 'var/lib/dpkg/status'), text)
          writeFileSync(join(root, 'etc/os-release'), readFileSync('/etc/os-release'))
          writeFileSync(join(root, 'etc/debian_version'), readFileSync('/etc/debian_version'))
          const inventory = mergeLayers([{ inventory: await readFolder(root, { mode: 'image' }) }])
          compare(title, ourFindings(inventory, 'folder'), findingsOfTrivy('rootfs', root), {})
        },
        120_000,
      )
    }
  })
}
