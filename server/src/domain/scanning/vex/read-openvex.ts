import { isTable, listAt, stringAt, tableAt } from '../detection/formats/json.ts'
import type { VexProduct, VexStatement, VexStatus } from './vex-statement.ts'

export const isOpenVex = (document: unknown): boolean => stringAt(document, '@context').includes('openvex')

const statuses: readonly VexStatus[] = ['not_affected', 'fixed', 'affected', 'under_investigation']

/** https://github.com/openvex/spec, 0.0.1 and 0.2.0 */
export function readOpenVex(document: unknown): readonly VexStatement[] {
  return listAt(document, 'statements').flatMap((statement): VexStatement[] => {
    const status = statuses.find((each) => each === stringAt(statement, 'status'))
    if (status === undefined) return []
    return [
      {
        vulnerabilities: idsOf(statement),
        products: productsOf(statement),
        status,
        reason: ['justification', 'impact_statement', 'status_notes']
          .map((key) => stringAt(statement, key))
          .filter((text) => text !== '')
          .join(': '),
        by: stringAt(document, 'author'),
        time: stringAt(statement, 'timestamp') || stringAt(document, 'timestamp'),
      },
    ]
  })
}

function idsOf(statement: unknown): string[] {
  const plain = stringAt(statement, 'vulnerability')
  const vulnerability = tableAt(statement, 'vulnerability')
  return [
    plain,
    stringAt(vulnerability, 'name'),
    // An address may stand there: `https://nvd.nist.gov/vuln/detail/CVE-2024-1`.
    stringAt(vulnerability, '@id').split('/').at(-1) ?? '',
    ...listAt(vulnerability, 'aliases').filter((each) => typeof each === 'string'),
  ].filter((id) => id !== '')
}

const productsOf = (statement: unknown): VexProduct[] =>
  listAt(statement, 'products').flatMap((product) => {
    const subcomponents = [...listAt(product, 'subcomponents'), ...listAt(statement, 'subcomponents')].flatMap(namesOf)
    return namesOf(product).map((id) => ({ id, subcomponents }))
  })

/** A product is a text in 0.0.1; later it has an id, identifiers and digests. */
function namesOf(product: unknown): string[] {
  if (typeof product === 'string') return [product]
  const digests = isTable(product) ? tableAt(product, 'hashes') : {}
  return [
    stringAt(product, '@id'),
    stringAt(tableAt(product, 'identifiers'), 'purl'),
    ...(stringAt(digests, 'sha-256') === '' ? [] : [`sha256:${stringAt(digests, 'sha-256').toLowerCase()}`]),
  ].filter((id) => id !== '')
}
