import { isTable, listAt, stringAt, tableAt } from '../detection/formats/json.ts'
import type { VexProduct, VexStatement, VexStatus } from './vex-statement.ts'

export const isCsaf = (document: unknown): boolean => stringAt(tableAt(document, 'document'), 'csaf_version') !== ''

const statuses: Readonly<Record<string, VexStatus>> = {
  known_not_affected: 'not_affected',
  fixed: 'fixed',
  first_fixed: 'fixed',
  known_affected: 'affected',
  first_affected: 'affected',
  last_affected: 'affected',
  under_investigation: 'under_investigation',
}

const maxBranchDepth = 32

/** https://docs.oasis-open.org/csaf/csaf/v2.0, profile VEX */
export function readCsaf(csaf: unknown): readonly VexStatement[] {
  const products = productsOf(tableAt(csaf, 'product_tree'))
  const document = tableAt(csaf, 'document')
  const said = {
    by: stringAt(tableAt(document, 'publisher'), 'name'),
    time: stringAt(tableAt(document, 'tracking'), 'current_release_date'),
  }
  return listAt(csaf, 'vulnerabilities').flatMap((vulnerability) => {
    const vulnerabilities = [
      stringAt(vulnerability, 'cve'),
      ...listAt(vulnerability, 'ids').map((each) => stringAt(each, 'text')),
    ].filter((id) => id !== '')
    const groups = tableAt(vulnerability, 'product_status')
    return Object.entries(statuses).flatMap(([group, status]) =>
      listAt(groups, group).flatMap((id): VexStatement[] =>
        typeof id !== 'string'
          ? []
          : [
              {
                vulnerabilities,
                products: products.get(id) ?? [],
                status,
                reason: reasonOf(vulnerability, id),
                ...said,
              },
            ],
      ),
    )
  })
}

function reasonOf(vulnerability: unknown, product: string): string {
  const about = (entry: unknown) => {
    const ids = listAt(entry, 'product_ids')
    return ids.length === 0 || ids.includes(product)
  }
  const flags = listAt(vulnerability, 'flags').filter(about)
  const impacts = listAt(vulnerability, 'threats').filter(
    (each) => stringAt(each, 'category') === 'impact' && about(each),
  )
  return [...flags.map((each) => stringAt(each, 'label')), ...impacts.map((each) => stringAt(each, 'details'))].join(
    ': ',
  )
}

/** Package URLs by the document's own ids. A relationship names a component within a product. */
function productsOf(tree: unknown): ReadonlyMap<string, readonly VexProduct[]> {
  const purls = new Map<string, string>()
  const keep = (product: unknown) => {
    const purl = stringAt(tableAt(product, 'product_identification_helper'), 'purl')
    if (purl !== '') purls.set(stringAt(product, 'product_id'), purl)
  }
  const look = (branches: readonly unknown[], depth: number) => {
    for (const branch of branches) {
      if (isTable(branch)) keep(branch.product)
      if (depth > 0) look(listAt(branch, 'branches'), depth - 1)
    }
  }
  listAt(tree, 'full_product_names').forEach(keep)
  look(listAt(tree, 'branches'), maxBranchDepth)
  const products = new Map<string, readonly VexProduct[]>()
  for (const [id, purl] of purls) products.set(id, [{ id: purl, subcomponents: [] }])
  for (const each of listAt(tree, 'relationships')) {
    const component = purls.get(stringAt(each, 'product_reference'))
    const product = purls.get(stringAt(each, 'relates_to_product_reference'))
    const id = stringAt(tableAt(each, 'full_product_name'), 'product_id')
    if (component !== undefined && product !== undefined)
      products.set(id, [{ id: product, subcomponents: [component] }])
  }
  return products
}
