import { describe, expect, test } from 'bun:test'
import type { Advisory, AdvisorySource, VulnerabilityDetail } from '../advisories.ts'
import type { FoundPackage, Inventory, OperatingSystem } from '../inventory.ts'
import { matchInventory } from './match-inventory.ts'

const now = '2026-11-30T00:00:00Z'
const debian: OperatingSystem = { family: 'debian', version: '12', name: 'Debian 12' }

const found = (more: Partial<FoundPackage>): FoundPackage => ({
  kind: 'deb',
  name: 'libssl3',
  version: '3.0.9-1',
  licences: [],
  path: 'var/lib/dpkg/status',
  purl: 'pkg:deb/debian/libssl3@3.0.9-1',
  ...more,
})

const advisory = (more: Partial<Advisory>): Advisory => ({
  id: 'CVE-2026-1',
  affected: [{ fixed: '3.0.11-1' }],
  fixedVersions: ['3.0.11-1'],
  source: 'debian',
  ...more,
})

/** Advisories by what they are looked up by; the rest of a source is as empty as can be. */
function source(
  byName: Readonly<Record<string, readonly Advisory[]>>,
  more: Partial<AdvisorySource> = {},
): AdvisorySource {
  return {
    generation: { number: 7, dataTime: now, importTime: now, sources: [] },
    coversSystem: () => true,
    coversKind: () => true,
    ofSystem: (_, name) => byName[name] ?? [],
    ofLanguage: (_, name) => byName[name] ?? [],
    contentSets: () => new Set(),
    detail: () => undefined,
    exploits: () => undefined,
    ...more,
  }
}

const inventory = (
  packages: readonly FoundPackage[],
  os: OperatingSystem | undefined = debian,
  more: Partial<Inventory> = {},
): Inventory => ({
  ...(os === undefined ? {} : { os }),
  packages,
  unread: [],
  ...more,
})

const ids = (...given: Parameters<typeof matchInventory>) => matchInventory(...given).findings.map(({ id }) => id)

describe('packages of a distribution', () => {
  test('are looked up by their source, with its version', () => {
    const installed = found({ sourceName: 'openssl', sourceVersion: '3.0.10-1' })
    expect(ids(inventory([installed]), source({ openssl: [advisory({})] }), { now })).toEqual(['CVE-2026-1'])
    const mended = found({ sourceName: 'openssl', sourceVersion: '3.0.11-1', version: '1.0' })
    expect(ids(inventory([mended]), source({ openssl: [advisory({})], libssl3: [advisory({})] }), { now })).toEqual([])
  })

  test('of rpm are looked up by their own name, in their module, for their architecture', () => {
    const rocky = { family: 'rocky', version: '9.3', name: '' }
    const npm = found({
      kind: 'rpm',
      name: 'npm',
      version: '1:8.0-1',
      architecture: 'x86_64',
      modularity: 'nodejs:18:1:2',
    })
    const about = (more: Partial<Advisory>) =>
      source({ 'nodejs:18::npm': [advisory({ affected: [{ fixed: '1:9.0-1' }], ...more })] })
    expect(ids(inventory([npm], rocky), about({}), { now })).toHaveLength(1)
    expect(ids(inventory([npm], rocky), about({ architectures: ['aarch64'] }), { now })).toEqual([])
    expect(ids(inventory([found({ ...npm, modularity: 'nodejs:20:1:2' })], rocky), about({}), { now })).toEqual([])
  })

  test('of Red Hat are those of the content sets that the image was built from', () => {
    const redhat = { family: 'redhat', version: '9.2', name: '' }
    const rpm = found({ kind: 'rpm', name: 'openssl', version: '1:3.0-1.el9' })
    const about = source(
      { openssl: [advisory({ affected: [{ fixed: '1:3.0-9.el9' }], contentSets: [5] })] },
      { contentSets: (names) => new Set(names.includes('special') ? [5] : [6]) },
    )
    expect(ids(inventory([rpm], redhat), about, { now })).toEqual([])
    expect(ids(inventory([rpm], redhat, { contentSets: ['special'] }), about, { now })).toEqual(['CVE-2026-1'])
  })

  test('that nothing mends yet are findings too, with the reason', () => {
    const about = source({ libssl3: [advisory({ affected: [{}], fixedVersions: [], status: 'will_not_fix' })] })
    expect(matchInventory(inventory([found({})]), about, { now }).findings).toMatchObject([
      { status: 'will_not_fix', fixVersion: '' },
    ])
  })

  test('that the distribution calls not affected are none', () => {
    const about = source({ libssl3: [advisory({ affected: [{}], status: 'not_affected' })] })
    expect(ids(inventory([found({})]), about, { now })).toEqual([])
  })
})

describe('packages of a language', () => {
  const lodash = found({ kind: 'npm', name: 'lodash', version: '4.17.4' })

  test('are affected within a range or when named, unless named as not affected', () => {
    const check = (more: Partial<Advisory>) =>
      ids(inventory([lodash], undefined), source({ lodash: [advisory({ affected: [], ...more })] }), { now }).length
    expect(check({ affected: [{ fixed: '4.17.12' }] })).toBe(1)
    expect(check({ affected: [{ introduced: '4.17.5' }] })).toBe(0)
    expect(check({ affected: [{ after: '4.17.4' }] })).toBe(0)
    expect(check({ affected: [{ lastAffected: '4.17.4' }] })).toBe(1)
    expect(check({ versions: ['4.17.4'] })).toBe(1)
    expect(check({ affected: [{}], unaffected: [{ introduced: '4.17.0', fixed: '4.18.0' }] })).toBe(0)
  })

  test('whose version cannot be ordered are affected only by name', () => {
    const odd = found({ kind: 'maven', name: 'a:b', version: '' })
    expect(
      ids(inventory([odd], undefined), source({ 'a:b': [advisory({ affected: [{ fixed: '2' }] })] }), { now }),
    ).toEqual([])
  })

  test('for development only are left out, unless they are asked for', () => {
    const about = source({ lodash: [advisory({ affected: [{}] })] })
    const dev = inventory([{ ...lodash, development: true }], undefined)
    expect([ids(dev, about, { now }).length, ids(dev, about, { now, withDevelopment: true }).length]).toEqual([0, 1])
  })

  test('are found once, however many publishers tell of it, with the one that knows the remedy', () => {
    const about = source({
      lodash: [
        advisory({ affected: [{}], fixedVersions: [], source: 'a' }),
        advisory({ affected: [{}], fixedVersions: ['5'], source: 'b' }),
      ],
    })
    expect(
      matchInventory(inventory([lodash], undefined), about, { now }).findings.map(({ fixVersion }) => fixVersion),
    ).toEqual(['5'])
  })
})

describe('severity', () => {
  const detail = (vendorSeverity: VulnerabilityDetail['vendorSeverity']): VulnerabilityDetail => ({
    id: 'CVE-2026-1',
    aliases: [],
    title: '',
    description: '',
    severity: 'Low',
    vendorSeverity,
    cvss: {},
    cweIds: [],
    references: [],
  })
  test.each([
    ['of the advisory', advisory({ severity: 'High' }), detail({ debian: 'Low', nvd: 'Critical' }), 'High', 'debian'],
    ['of its publisher', advisory({}), detail({ debian: 'Medium', nvd: 'Critical' }), 'Medium', 'debian'],
    ['of the NVD', advisory({}), detail({ redhat: 'Medium', nvd: 'Critical' }), 'Critical', 'nvd'],
    ['of anybody', advisory({}), detail({ redhat: 'Medium' }), 'Low', ''],
    ['of nobody', advisory({}), undefined, 'Unknown', ''],
  ] as const)('%s is believed before the next', (_, one, known, severity, severitySource) => {
    const about = source({ libssl3: [one] }, { detail: () => known })
    expect(matchInventory(inventory([found({})]), about, { now }).findings[0]).toMatchObject({
      severity,
      severitySource,
    })
  })
})

describe('what a scan cannot say', () => {
  test('no data for a system or an ecosystem is said, and is not "nothing found"', () => {
    const kylin = { family: 'kylin', version: 'V10', name: 'Kylin' }
    const blind = source({}, { coversSystem: () => false, coversKind: () => false })
    const npm = found({ kind: 'npm', name: 'x', version: '1.0.0' })
    expect(matchInventory(inventory([npm, npm], kylin), blind, { now }).gaps).toEqual([
      { code: 'NO_DATA_FOR_SYSTEM', os: kylin },
      { code: 'NO_DATA_FOR_KIND', kind: 'npm', packages: 2 },
    ])
  })

  test('a layer that could not be read and a release past its end are said', () => {
    const unread = { code: 'DAMAGED', where: 'sha256:1', reason: 'the gzip data ends too early' } as const
    const old = { ...debian, version: '9' }
    expect(matchInventory(inventory([], old, { unread: [unread] }), source({}), { now }).gaps).toEqual([
      { code: 'UNREAD', unread },
      { code: 'END_OF_LIFE', os: old },
    ])
  })
})
