import { expect, test } from 'bun:test'
import type { Finding } from '../finding.ts'
import { applyVex } from './apply-vex.ts'
import { readVex } from './read-vex.ts'

const image = {
  purl: 'pkg:oci/app@sha256%3Aaa?repository_url=registry.example.com/library/app',
  digest: `sha256:${'a'.repeat(64)}`,
}

const findingOf = (id: string, purl: string, aliases: readonly string[] = []): Finding => ({
  id,
  aliases,
  package: { kind: 'npm', name: 'lodash', version: '4.17.20', licences: [], path: 'package-lock.json', purl },
  fixVersion: '4.17.21',
  status: 'fixed',
  severity: 'High',
  severitySource: 'ghsa',
})

const lodash = findingOf('CVE-2021-23337', 'pkg:npm/lodash@4.17.20', ['GHSA-35jh-r3h4-6jhm'])

const openVex = (statements: readonly object[]) =>
  readVex(
    JSON.stringify({
      '@context': 'https://openvex.dev/ns/v0.2.0',
      author: 'Ada',
      timestamp: '2026-01-01T00:00:00Z',
      statements,
    }),
  )
const statement = (product: object, more: object = {}) => ({
  vulnerability: { name: 'CVE-2021-23337' },
  products: [product],
  status: 'not_affected',
  justification: 'vulnerable_code_not_present',
  ...more,
})
const isSuppressed = (document: ReturnType<typeof readVex>, finding = lodash) =>
  applyVex([finding], [document], image)[0]?.suppressed !== undefined

test('a suppressed finding stays, with its author and reason', () => {
  const [finding] = applyVex([lodash], [openVex([statement({ '@id': 'pkg:npm/lodash@4.17.20' })])], image)
  expect(finding).toMatchObject({
    id: 'CVE-2021-23337',
    suppressed: { by: 'Ada', status: 'not_affected', reason: 'vulnerable_code_not_present' },
  })
})

test.each([
  ['every version of the package', { '@id': 'pkg:npm/lodash' }, true],
  ['another version', { '@id': 'pkg:npm/lodash@4.17.19' }, false],
  ['another package', { '@id': 'pkg:npm/underscore' }, false],
  ['another ecosystem', { '@id': 'pkg:pypi/lodash' }, false],
  ['a scope that the package has not', { '@id': 'pkg:npm/%40evil/lodash' }, false],
  ['the image', { '@id': 'pkg:oci/app' }, true],
  ['the image by its digest', { '@id': image.digest }, true],
  ['another image', { '@id': 'pkg:oci/other' }, false],
  ['the image in another registry', { '@id': 'pkg:oci/app?repository_url=elsewhere.example.com/app' }, false],
  ['the package in the image', { '@id': 'pkg:oci/app', subcomponents: [{ '@id': 'pkg:npm/lodash' }] }, true],
  ['another package in the image', { '@id': 'pkg:oci/app', subcomponents: [{ '@id': 'pkg:npm/underscore' }] }, false],
  ['the package in another image', { '@id': 'pkg:oci/other', subcomponents: [{ '@id': 'pkg:npm/lodash' }] }, false],
] as const)('a statement about %s', (_, product, suppresses) => {
  expect(isSuppressed(openVex([statement(product)]))).toBe(suppresses)
})

test('a statement about an alias counts', () => {
  expect(
    isSuppressed(openVex([statement({ '@id': 'pkg:npm/lodash' }, { vulnerability: { name: 'GHSA-35jh-r3h4-6jhm' } })])),
  ).toBe(true)
})

test('the newer statement counts, in whichever order they stand', () => {
  const product = { '@id': 'pkg:npm/lodash' }
  const newer = statement(product, { status: 'affected', timestamp: '2026-02-01T00:00:00Z' })
  expect(isSuppressed(openVex([newer, statement(product)]))).toBe(false)
  expect(isSuppressed(openVex([statement(product), newer]))).toBe(false)
})

test.each(['affected', 'under_investigation', 'whatever'])('%s suppresses nothing', (status) => {
  expect(isSuppressed(openVex([statement({ '@id': 'pkg:npm/lodash' }, { status })]))).toBe(false)
})

test('statements about products without a package URL suppress nothing, and are counted', () => {
  const document = openVex([statement({ '@id': 'Our Product 1.0' }), statement({ '@id': '' })])
  expect(document).toMatchObject({ statements: [], passedOver: 2 })
})

test('CSAF: a component of a product', () => {
  const csaf = (relatesTo: string) =>
    readVex(
      JSON.stringify({
        document: {
          csaf_version: '2.0',
          publisher: { name: 'Vendor' },
          tracking: { current_release_date: '2026-01-01T00:00:00Z' },
        },
        product_tree: {
          branches: [
            {
              branches: [
                { product: { product_id: 'app', product_identification_helper: { purl: 'pkg:oci/app' } } },
                { product: { product_id: 'other', product_identification_helper: { purl: 'pkg:oci/other' } } },
                {
                  product: { product_id: 'lodash', product_identification_helper: { purl: 'pkg:npm/lodash@4.17.20' } },
                },
              ],
            },
          ],
          relationships: [
            {
              category: 'default_component_of',
              product_reference: 'lodash',
              relates_to_product_reference: relatesTo,
              full_product_name: { product_id: 'both' },
            },
          ],
        },
        vulnerabilities: [
          {
            cve: 'CVE-2021-23337',
            product_status: { known_not_affected: ['both'] },
            flags: [{ label: 'component_not_present', product_ids: ['both'] }],
            threats: [{ category: 'impact', details: 'it is not called', product_ids: ['both'] }],
          },
        ],
      }),
    )
  expect(applyVex([lodash], [csaf('app')], image)[0]?.suppressed).toEqual({
    by: 'Vendor',
    status: 'not_affected',
    reason: 'component_not_present: it is not called',
  })
  expect(isSuppressed(csaf('other'))).toBe(false)
})

test.each([
  ['urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm%2Flodash%404.17.20', 'not_affected', true],
  ['component-1', 'resolved', true],
  ['component-1', 'exploitable', false],
  ['component-2', 'not_affected', false],
])('CycloneDX: %s is %s', (ref, state, suppresses) => {
  const document = readVex(
    JSON.stringify({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { timestamp: '2026-01-01T00:00:00Z', authors: [{ name: 'Ada' }] },
      components: [{ 'bom-ref': 'component-1', purl: 'pkg:npm/lodash@4.17.20' }],
      vulnerabilities: [{ id: 'CVE-2021-23337', analysis: { state }, affects: [{ ref }] }],
    }),
  )
  expect(isSuppressed(document)).toBe(suppresses)
})

test('a document of another kind is refused', () => {
  expect(() => readVex('{"spdxVersion":"SPDX-2.3"}')).toThrow('no VEX document')
})
