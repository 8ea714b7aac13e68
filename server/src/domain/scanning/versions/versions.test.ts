import { describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { packageKinds, type PackageKind } from '../inventory.ts'
import { orderOf } from './version-orders.ts'

/** Each list goes from the oldest to the newest. */
const ascending: readonly (readonly [PackageKind, readonly string[]])[] = [
  ['deb', ['1.0~rc1-1', '1.0-1', '1.0-1+b1', '1.0-1.1', '1.0-2', '1.0a-1', '1.0+git1-1', '1.10-1', '1:0.1-1']],
  [
    'apk',
    ['1.0_alpha', '1.0_beta2', '1.0_rc1', '1.0', '1.0-r1', '1.0_p1', '1.0a', '1.0.1', '1.05', '1.1', '1.1-r10', '10.0'],
  ],
  ['rpm', ['1.a-1', '1.0~rc1-1', '1.0-1', '1.0-1.el9', '1.0^git1-1', '1.0.1-1', '1.1-1', '1.10-1', '1:0.9-1']],
  ['maven', ['1-alpha2', '1-alpha-10', '1-beta', '1-m1', '1-rc1', '1-SNAPSHOT', '1', '1-sp', '1-xyz', '1-1', '1.1']],
  ['pypi', ['1.0.dev1', '1.0a1', '1.0b2', '1.0rc1', '1.0', '1.0.post1', '1.1', '1!0.1']],
  ['gem', ['1.0.a', '1.0.pre1', '1.0', '1.0.1', '1.2', '1.10']],
  ['npm', ['1.0.0-alpha.1', '1.0.0-alpha.10', '1.0.0-beta', '1.0.0', '1.0.1', '1.10.0']],
  ['golang', ['0.0.0-20190125091013-d26f9f9a57f3', 'v1.0.0-rc.1', 'v1.0.0', '1.2', '1.2.1', 'v1.10.0']],
]

/** Written differently and yet the same version. */
const alike: readonly (readonly [PackageKind, string, string])[] = [
  ['deb', '0:1.0', '1.0-0'],
  ['rpm', '1.0', '1.0-7'],
  ['maven', '1.0.0', '1'],
  ['maven', '1.0.final', '1-GA'],
  ['pypi', '1.0', '1.0.0'],
  ['gem', '1.0', '1'],
  ['npm', 'v1.2.3', '=1.2.3'],
  ['golang', 'v1.2.0', '1.2'],
  ['golang', 'go1.16.9', '1.16.9'],
  ['composer', 'v1.0', '1.0.0'],
]

const sign = (order: number | undefined) => (order === undefined ? undefined : Math.sign(order) + 0)

describe('versions are ordered as their ecosystem orders them', () => {
  test.each(ascending)('%s', (kind, versions) => {
    const compare = orderOf(kind)
    for (const [index, older] of versions.entries()) {
      for (const newer of versions.slice(index + 1)) {
        expect([older, newer, sign(compare(older, newer)), sign(compare(newer, older))]).toEqual([older, newer, -1, 1])
      }
    }
  })

  test.each(alike)('%s: %s is %s', (kind, one, other) => {
    expect(sign(orderOf(kind)(one, other))).toBe(0)
  })
})

const written = fc.oneof(
  fc.stringMatching(/^[0-9A-Za-z.+~^:_-]{0,24}$/),
  fc.string({ maxLength: 24 }),
  fc.stringMatching(/^\d{1,30}(?:[.-](?:\d{1,9}|alpha|rc\d))*$/),
)

describe('any two texts', () => {
  test.each(packageKinds)('%s: comparing never throws and does not depend on the side', (kind) => {
    const compare = orderOf(kind)
    fc.assert(
      fc.property(written, written, (one, other) => {
        const order = sign(compare(one, other))
        const back = sign(compare(other, one))
        expect(order === undefined ? back : -order + 0).toBe(back as never)
      }),
    )
  })

  test.each(['deb', 'rpm', 'apk', 'maven', 'golang'] as const)('%s: the order is transitive', (kind) => {
    const compare = orderOf(kind)
    fc.assert(
      fc.property(written, written, written, (a, b, c) => {
        const [ab, bc, ac] = [compare(a, b), compare(b, c), compare(a, c)]
        // rpm takes a version without a release for equal to all of them.
        if (ab === undefined || bc === undefined || ac === undefined || kind === 'rpm') return
        if (ab <= 0 && bc <= 0) expect(ac).toBeLessThanOrEqual(0)
      }),
    )
  })
})

describe('rpm itself', () => {
  const answer = (script: string) => spawnSync('rpm', ['--eval', `%{lua: ${script}}`], { encoding: 'utf8' })
  const isHere = answer('print(rpm.vercmp("1", "2"))').stdout?.trim() === '-1'

  test.skipIf(!isHere)('agrees about versions that it takes (skipped without rpm)', () => {
    const part = fc.stringMatching(/^[0-9a-zA-Z][0-9a-zA-Z.+~^_]{0,9}$/)
    const version = fc
      .tuple(fc.constantFrom('', '1:'), part, part)
      .map(([epoch, upstream, release]) => `${epoch}${upstream}-${release}`)
    const pairs = fc.sample(fc.tuple(version, version), 2_000)
    // Most pairs of chance differ in their first sign; those that begin alike go further.
    const near = fc
      .sample(fc.tuple(version, fc.constantFrom('~', '^', '.', '1', 'a', '+', '_')), 1_000)
      .map(([one, more]) => [one, one.replace('-', `${more}-`)] as const)
    const asked = [...pairs, ...near]
    const expected: number[] = []
    for (let at = 0; at < asked.length; at += 500) {
      const lines = asked.slice(at, at + 500).map(([one, other]) => `print(rpm.vercmp("${one}", "${other}") .. ";")`)
      expected.push(...answer(lines.join('\n')).stdout.split(';').slice(0, -1).map(Number))
    }
    expect(expected).toHaveLength(asked.length)
    const different = asked.flatMap(([one, other], at) => {
      const order = sign(orderOf('rpm')(one, other))
      return order === expected[at] ? [] : [{ one, other, order, expected: expected[at] }]
    })
    expect(different).toEqual([])
  })
})

describe('dpkg itself', () => {
  const dpkg = (one: string, operator: string, other: string) =>
    spawnSync('dpkg', ['--compare-versions', one, operator, other], { stdio: 'ignore' })
  const isHere = dpkg('1', 'lt', '2').status === 0

  test.skipIf(!isHere)('agrees about versions that it takes (skipped without dpkg)', () => {
    const part = fc.stringMatching(/^\d[0-9a-zA-Z.+~]{0,8}$/)
    const version = fc
      .tuple(fc.constantFrom('', '0:', '1:'), part, fc.constantFrom('', '-'), part)
      .map(([epoch, upstream, hyphen, revision]) => `${epoch}${upstream}${hyphen}${hyphen === '' ? '' : revision}`)
    fc.assert(
      fc.property(version, version, (one, other) => {
        const expected = dpkg(one, 'lt', other).status === 0 ? -1 : dpkg(one, 'gt', other).status === 0 ? 1 : 0
        expect([one, other, sign(orderOf('deb')(one, other))]).toEqual([one, other, expected])
      }),
      { numRuns: 60 },
    )
  })
})
