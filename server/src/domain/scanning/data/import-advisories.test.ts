import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { AdvisoryFile, AdvisoryFileWriter } from './advisory-file.ts'
import { BoltFile, BoltFileDamaged } from './bolt-file.ts'
import { importAdvisories, NothingToImport, type ImportOptions } from './import-advisories.ts'
import { writeBolt, type BoltTree } from './write-bolt-for-test.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-advisories-'))
afterAll(() => rmSync(folder, { recursive: true }))
let database = ''
let number = 0
beforeEach(() => {
  number += 1
  database = join(folder, `advisories-${number}.db`)
})

async function imported(path: string, options?: ImportOptions) {
  using writer = new AdvisoryFileWriter(database)
  return await importAdvisories(path, writer, options)
}

const opened = () => new AdvisoryFile(database, { number: 1, importTime: '2026-01-01T00:00:00.000Z' })

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, `${number}-${name}`)
  writeFileSync(path, content)
  return path
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))

const osv = (id: string, name: string, events: readonly object[], more: object = {}) => ({
  id,
  modified: '2026-02-03T04:05:06Z',
  summary: 'Something is wrong',
  affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events }] }],
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  ...more,
})

const alpine = { family: 'alpine', version: '3.19.1', name: 'Alpine' }

describe('forms of vulnerability data', () => {
  test('OSV: ranges, the CVE as its name, severity by its vector, and when it was published', async () => {
    const entry = osv('GHSA-1', 'lodash', [{ introduced: '0' }, { fixed: '4.17.12' }], { aliases: ['CVE-2019-10744'] })
    const { sources } = await imported(file('lodash.json', JSON.stringify(entry)))
    expect(sources).toEqual([{ name: 'osv-npm', dataTime: '2026-02-03T04:05:06.000Z', advisories: 1 }])
    using read = opened()
    expect(read.ofLanguage('npm', 'lodash')).toMatchObject([
      { id: 'CVE-2019-10744', affected: [{ introduced: '0', fixed: '4.17.12' }], vendorIds: ['GHSA-1'] },
    ])
    expect(read.detail('CVE-2019-10744')).toMatchObject({ severity: 'Critical', aliases: ['GHSA-1'] })
    expect([read.coversKind('npm'), read.coversKind('pypi'), read.coversSystem(alpine)]).toEqual([true, false, false])
  })

  test.each([
    ['NDJSON', 'a.ndjson', (lines: string) => lines],
    ['NDJSON, gzip', 'a.ndjson.gz', gzipSync],
    ['NDJSON, zstd', 'a.ndjson.zst', zstdCompressSync],
  ] as const)('%s', async (_, name, pack) => {
    const lines = ['a', 'b', 'c'].map((each) => JSON.stringify(osv(`X-${each}`, each, [{ introduced: '0' }])))
    await imported(file(name, pack(lines.join('\r\n'))))
    using read = opened()
    expect(['a', 'b', 'c'].map((each) => read.ofLanguage('npm', each).length)).toEqual([1, 1, 1])
  })

  test('a zip of OSV, as its bucket offers it (skipped without zip)', async () => {
    const place = join(folder, 'zipped')
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'A.json'), JSON.stringify(osv('A-1', 'zipped', [{ introduced: '0' }])))
    const made = spawnSync('python3', ['-m', 'zipfile', '-c', join(folder, 'all.zip'), join(place, 'A.json')])
    if (made.status !== 0) return
    await imported(join(folder, 'all.zip'))
    using read = opened()
    expect(read.ofLanguage('npm', 'zipped')).toHaveLength(1)
  })

  test('what was withdrawn is no advisory', async () => {
    const gone = osv('X-1', 'a', [{ introduced: '0' }], { withdrawn: '2025-01-01T00:00:00Z' })
    await imported(
      file('a.ndjson', `${JSON.stringify(gone)}\n${JSON.stringify(osv('X-2', 'b', [{ introduced: '0' }]))}`),
    )
    using read = opened()
    expect([read.ofLanguage('npm', 'a').length, read.ofLanguage('npm', 'b').length]).toEqual([0, 1])
  })

  test('secdb of Alpine: fixed versions, several names in one text, and "0" for what was never affected', async () => {
    const secfixes = { '1.2-r0': ['CVE-2024-1 CVE-2024-2', 'XSA-5 (+ regression fix)'], '0': ['CVE-2024-9'] }
    const secdb = { distroversion: 'v3.19', reponame: 'main', packages: [{ pkg: { name: 'openssl', secfixes } }] }
    await imported(file('secdb-2026-01-02.json', JSON.stringify(secdb)))
    using read = opened()
    expect(read.ofSystem(alpine, 'openssl').map(({ id }) => id)).toEqual(['CVE-2024-1', 'CVE-2024-2', 'XSA-5'])
    expect(read.generation.dataTime).toBe('2026-01-02T00:00:00.000Z')
    expect(read.coversSystem({ ...alpine, version: '3.18.0' })).toBe(false)
  })

  test("Debian's tracker: a release at a time, open, mended, and not affected", async () => {
    const releases = {
      bookworm: { status: 'resolved', fixed_version: '1.0-2', urgency: 'medium' },
      bullseye: { status: 'open', urgency: 'low', nodsa_reason: 'ignored' },
      buster: { status: 'resolved', fixed_version: '0' },
    }
    await imported(file('tracker.json', JSON.stringify({ bash: { 'CVE-2024-1': { description: 'x', releases } } })))
    using read = opened()
    const of = (version: string) => read.ofSystem({ family: 'debian', version, name: '' }, 'bash')
    expect(of('12')).toMatchObject([{ affected: [{ fixed: '1.0-2' }], status: 'fixed', severity: 'Medium' }])
    expect(of('11')).toMatchObject([{ affected: [{}], status: 'will_not_fix', severity: 'Low' }])
    expect(of('10')).toEqual([])
  })

  test('a list of one release of Debian takes the release from its name, and is refused without one', async () => {
    const line = JSON.stringify({ id: 'CVE-1', source: 'bash', fixed: null })
    await imported(file('debian-12.ndjson', line))
    using read = opened()
    expect(read.ofSystem({ family: 'debian', version: '12', name: '' }, 'bash')).toHaveLength(1)
    await expect(imported(file('list.ndjson', line))).rejects.toThrow(NothingToImport)
  })

  test('KEV and EPSS say how much a vulnerability is exploited', async () => {
    const place = join(folder, `exploits-${number}`)
    mkdirSync(place)
    const kev = {
      dateReleased: '2026-03-01T00:00:00Z',
      vulnerabilities: [{ cveID: 'CVE-2021-1', dateAdded: '2021-12-10' }],
    }
    writeFileSync(join(place, 'kev.json'), JSON.stringify(kev))
    writeFileSync(
      join(place, 'epss.csv.gz'),
      gzipSync('#model_version:v4,score_date:2026-03-02T00:00:00+0000\ncve,epss,percentile\nCVE-2021-1,0.97,0.999\n'),
    )
    await imported(place)
    using read = opened()
    expect(read.exploits('CVE-2021-1')).toEqual({
      knownExploited: { added: '2021-12-10' },
      epss: { probability: 0.97, percentile: 0.999 },
    })
  })

  const trivy: BoltTree = {
    'alpine 3.19': { openssl: { 'CVE-2024-1': json({ FixedVersion: '3.1.0-r1' }) } },
    'debian 12': { bash: { 'CVE-2024-2': json({ Severity: 1, Status: 5 }) } },
    'npm::GitHub Security Advisory Npm': {
      lodash: { 'CVE-2019-10744': json({ VulnerableVersions: ['< 4.17.12'], PatchedVersions: ['4.17.12'] }) },
    },
    'Red Hat': {
      openssl: {
        'RHSA-2019:2304': json({
          Entries: [{ FixedVersion: '1:1.0.2k-19.el7', Affected: [869], Cves: [{ ID: 'CVE-2018-0734', Severity: 1 }] }],
        }),
      },
    },
    'Red Hat CPE': { repository: { 'rhel-7-server-rpms': json([869]) } },
    'k8s::Official Kubernetes CVE Feed': { kubelet: { 'CVE-1': json({}) } },
    'data-source': { 'npm::GitHub Security Advisory Npm': json({ ID: 'ghsa', Name: 'GHSA' }) },
    vulnerability: {
      'CVE-2019-10744': json({
        Title: 'Prototype pollution',
        Severity: 'CRITICAL',
        VendorSeverity: { ghsa: 4, nvd: 3 },
      }),
    },
  }

  async function importTrivy() {
    const place = join(folder, `trivy-${number}`)
    mkdirSync(place, { recursive: true })
    writeBolt(join(place, 'trivy.db'), trivy)
    writeFileSync(join(place, 'metadata.json'), JSON.stringify({ Version: 2, UpdatedAt: '2026-05-06T07:08:09Z' }))
    return { place, result: await imported(place) }
  }

  test('trivy-db: systems, languages, Red Hat by content sets, severities by number, and its time', async () => {
    const { result } = await importTrivy()
    expect(result).toMatchObject({ refused: 0, passedOver: ['k8s::Official Kubernetes CVE Feed'] })
    using read = opened()
    expect(read.generation.dataTime).toBe('2026-05-06T07:08:09.000Z')
    expect(read.ofSystem(alpine, 'openssl')).toMatchObject([{ id: 'CVE-2024-1', fixedVersions: ['3.1.0-r1'] }])
    expect(read.ofSystem({ family: 'debian', version: '12', name: '' }, 'bash')).toMatchObject([
      { severity: 'Low', status: 'will_not_fix' },
    ])
    expect(read.ofLanguage('npm', 'lodash')).toMatchObject([{ source: 'ghsa', affected: [{ fixed: '4.17.12' }] }])
    expect(read.ofSystem({ family: 'centos', version: '7', name: '' }, 'openssl')).toMatchObject([
      { id: 'CVE-2018-0734', contentSets: [869], vendorIds: ['RHSA-2019:2304'] },
    ])
    expect([...read.contentSets(['rhel-7-server-rpms'])]).toEqual([869])
    expect(read.detail('CVE-2019-10744')).toMatchObject({ vendorSeverity: { ghsa: 'Critical', nvd: 'High' } })
  })

  test('trivy-db as the layer of the artifact that it is published as (skipped without tar)', async () => {
    const { place } = await importTrivy()
    const layer = join(folder, `db-${number}.tar.gz`)
    if (spawnSync('tar', ['-czf', layer, '-C', place, 'trivy.db', 'metadata.json']).status !== 0) return
    rmSync(database)
    await imported(layer)
    using read = opened()
    expect(read.coversSystem(alpine)).toBe(true)
  })
})

describe('an import', () => {
  test('replaces what the same source said before, and nothing else', async () => {
    await imported(
      file(
        'secdb.json',
        JSON.stringify({ distroversion: 'v3.19', packages: [{ pkg: { name: 'a', secfixes: { '1': ['CVE-1-1'] } } }] }),
      ),
    )
    await imported(file('one.json', JSON.stringify(osv('X-1', 'old', [{ introduced: '0' }]))))
    await imported(file('two.json', JSON.stringify(osv('X-2', 'new', [{ introduced: '0' }]))))
    using read = opened()
    expect([read.ofLanguage('npm', 'old').length, read.ofLanguage('npm', 'new').length]).toEqual([0, 1])
    expect(read.ofSystem(alpine, 'a')).toHaveLength(1)
    expect(read.detail('X-1')).toBeUndefined()
  })

  test('counts what it could not read, with examples, and takes the rest', async () => {
    const bad = osv('X-1', 'bad', [], {
      affected: [{ package: { ecosystem: 'npm', name: 'bad' }, vulnerable_versions: 'hm >' }],
    })
    const lines = [JSON.stringify(bad), '{', '[1]', JSON.stringify(osv('X-2', 'good', [{ introduced: '0' }]))]
    const result = await imported(file('some.ndjson', lines.join('\n')))
    expect(result.refused).toBe(3)
    using read = opened()
    expect(read.ofLanguage('npm', 'good')).toHaveLength(1)
  })

  test.each([
    ['an empty file', 'a.json', ''],
    ['something else', 'a.json', '{"hello": 1}'],
    ['an unknown name', 'a.txt', 'text'],
  ])('of %s is refused', async (_, name, content) => {
    await expect(imported(file(name, content))).rejects.toThrow(NothingToImport)
  })
})

describe('bbolt files', () => {
  test('are read through branches of pages', () => {
    const path = join(folder, 'many.db')
    const keys = Array.from({ length: 1_000 }, (_, index) => `key-${String(index).padStart(4, '0')}`)
    writeBolt(path, { bucket: Object.fromEntries(keys.map((key) => [key, Buffer.from(key)])) })
    using bolt = new BoltFile(path)
    const [bucket] = bolt.root.entries()
    if (bucket === undefined || !('bucket' in bucket)) throw new Error('no bucket')
    expect([...bucket.bucket.entries()].map(({ key }) => key)).toEqual(keys)
  })

  test('that are damaged anywhere are refused in words, and never read for ever', () => {
    const path = join(folder, 'damaged.db')
    writeBolt(path, { bucket: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, json({ i })])) })
    const whole = readFileSync(path)
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const bytes = Buffer.from(whole)
        bytes[at] = byte
        writeFileSync(path, byte % 4 === 0 ? bytes.subarray(0, length) : bytes)
        try {
          using bolt = new BoltFile(path)
          let seen = 0
          const walk = (entries: Iterable<object>) => {
            for (const entry of entries) {
              seen += 1
              if (seen > 10_000) throw new BoltFileDamaged('more than was written')
              if ('bucket' in entry) walk((entry.bucket as { entries: () => Iterable<object> }).entries())
            }
          }
          walk(bolt.root.entries())
        } catch (error) {
          expect(error).toBeInstanceOf(BoltFileDamaged)
        }
      }),
      { numRuns: 300 },
    )
  })
})
