import { isTable, listAt, stringAt, tableAt } from '../detection/formats/json.ts'
import type { VexStatement, VexStatus } from './vex-statement.ts'

export const isCycloneDxVex = (document: unknown): boolean =>
  stringAt(document, 'bomFormat') === 'CycloneDX' && isTable(document) && Array.isArray(document.vulnerabilities)

const statuses: Readonly<Record<string, VexStatus>> = {
  not_affected: 'not_affected',
  false_positive: 'not_affected',
  resolved: 'fixed',
  resolved_with_pedigree: 'fixed',
  exploitable: 'affected',
  in_triage: 'under_investigation',
}

/** https://cyclonedx.org/capabilities/vex */
export function readCycloneDxVex(document: unknown): readonly VexStatement[] {
  const purls = new Map(
    [tableAt(tableAt(document, 'metadata'), 'component'), ...listAt(document, 'components')].map((component) => [
      stringAt(component, 'bom-ref'),
      stringAt(component, 'purl'),
    ]),
  )
  const time = stringAt(tableAt(document, 'metadata'), 'timestamp')
  const by = authorOf(tableAt(document, 'metadata'))
  return listAt(document, 'vulnerabilities').flatMap((vulnerability): VexStatement[] => {
    const analysis = tableAt(vulnerability, 'analysis')
    const status = statuses[stringAt(analysis, 'state')]
    if (status === undefined) return []
    return [
      {
        vulnerabilities: [
          stringAt(vulnerability, 'id'),
          ...listAt(vulnerability, 'references').map((each) => stringAt(each, 'id')),
        ].filter((id) => id !== ''),
        products: listAt(vulnerability, 'affects').map((each) => ({
          id: purlOf(stringAt(each, 'ref'), purls),
          subcomponents: [],
        })),
        status,
        reason: [stringAt(analysis, 'justification'), stringAt(analysis, 'detail')]
          .filter((text) => text !== '')
          .join(': '),
        by,
        time: stringAt(vulnerability, 'updated') || time,
      },
    ]
  })
}

/** A reference is an id of this document, a package URL, or a BOM-Link: `urn:cdx:serial/version#pkg%3Anpm…`. */
function purlOf(reference: string, purls: ReadonlyMap<string, string>): string {
  const known = purls.get(reference)
  if (known !== undefined && known !== '') return known
  const hash = reference.startsWith('urn:cdx:') ? reference.indexOf('#') : -1
  if (hash === -1) return reference
  const inner = decoded(reference.slice(hash + 1))
  return purls.get(inner) || inner
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function authorOf(metadata: unknown): string {
  const authors = listAt(metadata, 'authors').map((each) => stringAt(each, 'name') || stringAt(each, 'email'))
  return (
    authors.filter((name) => name !== '').join(', ') ||
    stringAt(tableAt(metadata, 'supplier'), 'name') ||
    stringAt(tableAt(metadata, 'manufacturer'), 'name')
  )
}
