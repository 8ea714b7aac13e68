import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { skipLoudly } from '../../../../../conformance/harness/real-client.ts'
import type { Advisory } from '../advisories.ts'
import { AdvisoryFile, AdvisoryFileWriter } from '../data/advisory-file.ts'
import { importAdvisories } from '../data/import-advisories.ts'
import type { FoundPackage, OperatingSystem, PackageKind } from '../inventory.ts'
import { matchInventory } from './match-inventory.ts'

/**
 * Matches that people have judged (anchore/vulnerability-match-labels), beside ours. A label names an image, a package with its version
 * and a vulnerability, and says whether the image has it. bench/SCANNING.md has the table.
 */
const data = join(import.meta.dir, ...Array.from({ length: 6 }, () => '..'), 'shared', 'data', 'advisories')
const folder = mkdtempSync(join(tmpdir(), 'berth-labels-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Label {
  readonly image: string
  readonly package?: { readonly name: string; readonly version: string }
  readonly vulnerability_id: string
  readonly effective_cve?: string
  readonly label: 'TP' | 'FP' | '??'
}

interface Score {
  /** Of those that are so, and that the data knows of: found, and not. */
  found: number
  missed: number
  /** Of those that are not so: found nevertheless, and rightly not. */
  wrong: number
  spared: number
}

const languages: readonly PackageKind[] = ['golang', 'npm', 'pypi']

function readLabels(): readonly Label[] {
  const text = gunzipSync(readFileSync(join(data, 'vulnerability-match-labels.ndjson.gz'))).toString()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Label)
}

/** Labels do not name the system; versions of packages of Debian often say for which release they were mended. */
function releasesOf(labels: readonly Label[]): ReadonlyMap<string, string> {
  const said = new Map<string, Set<string>>()
  for (const { image, package: found } of labels) {
    const release = /[+~]deb(\d+)u\d/.exec(found?.version ?? '')?.[1]
    if (release !== undefined) said.set(image, (said.get(image) ?? new Set()).add(release))
  }
  return new Map([...said].flatMap(([image, releases]) => (releases.size === 1 ? [[image, [...releases][0]!]] : [])))
}

async function openData(): Promise<AdvisoryFile> {
  const path = join(folder, 'advisories.db')
  {
    using writer = new AdvisoryFileWriter(path)
    for (const name of [
      'debian-10-buster-2023-07-14',
      'debian-11-bullseye-2023-07-14',
      'debian-12-bookworm-2023-07-14',
    ])
      await importAdvisories(join(data, `${name}.ndjson.gz`), writer)
    for (const name of ['osv-go-2026-08-20', 'osv-pypi-2024-10-10', 'npm-nodejs-security-wg'])
      await importAdvisories(join(data, `${name}.ndjson.gz`), writer)
  }
  return new AdvisoryFile(path, { number: 1, importTime: '' })
}

/** Why they are what they are: bench/SCANNING.md. */
const known: Readonly<Record<string, Score>> = {
  'Debian 10': { found: 131, missed: 2, wrong: 2, spared: 0 },
  'Debian 11': { found: 39, missed: 0, wrong: 1, spared: 0 },
  golang: { found: 77, missed: 2, wrong: 13, spared: 0 },
  npm: { found: 23, missed: 3, wrong: 6, spared: 0 },
  pypi: { found: 29, missed: 6, wrong: 50, spared: 3 },
}

const now = '2023-07-14T00:00:00Z'

const isAbout = ({ vulnerability_id: id, effective_cve: cve }: Label, names: readonly string[]): boolean =>
  names.includes(id) || (cve !== undefined && names.includes(cve))

const namesOf = ({ id, vendorIds = [] }: Advisory): readonly string[] => [id, ...vendorIds]

/** Undefined when the data has nothing of this vulnerability in this package: then it cannot be right or wrong. */
function judge(source: AdvisoryFile, label: Label, os: OperatingSystem | undefined, kind: PackageKind) {
  const { name, version } = label.package!
  const known = os === undefined ? source.ofLanguage(kind, name) : source.ofSystem(os, name)
  if (!known.some((advisory) => isAbout(label, namesOf(advisory)))) return undefined
  const found: FoundPackage = {
    ...{ kind, name, version, path: '', purl: '', licences: [] },
    ...(os === undefined ? {} : { sourceName: name, sourceVersion: version }),
  }
  const inventory = { ...(os === undefined ? {} : { os }), packages: [found], unread: [] }
  return matchInventory(inventory, source, { now }).findings.some(({ id, aliases }) => isAbout(label, [id, ...aliases]))
}

if (!existsSync(data)) skipLoudly('labelled matches', 'the labels are not here')
else
  describe('labelled matches', () => {
    test('precision and recall stay what bench/SCANNING.md says', async () => {
      const labels = readLabels()
      const releases = releasesOf(labels)
      using source = await openData()
      const scores = new Map<string, Score>()
      const differences: string[] = []
      for (const label of labels) {
        if (label.package === undefined || label.label === '??') continue
        const release = releases.get(label.image)
        const asked: readonly (readonly [string, PackageKind, OperatingSystem | undefined])[] = [
          // Programs that Debian did not build lie in its images as well; its own versions have a revision.
          ...(release === undefined || !label.package.version.includes('-')
            ? []
            : [[`Debian ${release}`, 'deb', { family: 'debian', version: release, name: 'Debian' }] as const]),
          ...languages.map((kind) => [kind, kind, undefined] as const),
        ]
        for (const [group, kind, os] of asked) {
          const isFound = judge(source, label, os, kind)
          if (isFound === undefined) continue
          const score = scores.get(group) ?? { found: 0, missed: 0, wrong: 0, spared: 0 }
          scores.set(group, score)
          const key = label.label === 'TP' ? (isFound ? 'found' : 'missed') : isFound ? 'wrong' : 'spared'
          score[key] += 1
          if (key === 'missed' || key === 'wrong')
            differences.push([key, group, label.package.name, label.package.version, label.vulnerability_id].join(' '))
          break
        }
      }
      const share = (part: number, rest: number) => (part + rest === 0 ? '' : ((100 * part) / (part + rest)).toFixed(1))
      const rows = [...scores]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([group, { found, missed, wrong, spared }]) =>
          [group, found, missed, wrong, spared, share(found, wrong), share(found, missed)].join(' | '),
        )
      console.log(
        `| type | found | missed | wrongly found | rightly not | precision % | recall % |\n|---|---|---|---|---|---|---|`,
      )
      console.log(rows.map((row) => `| ${row} |`).join('\n'))
      if (process.env['BERTH_SHOW_DIFFERENCES'] !== undefined) console.log(differences.join('\n'))
      expect(Object.fromEntries(scores)).toEqual(known)
    }, 60_000)
  })
