/** What somebody says about one vulnerability in some products. */
export interface VexStatement {
  /** Ids of the vulnerability, aliases too. */
  readonly vulnerabilities: readonly string[]
  /** Package URLs or digests: the package itself, or the image that has it. */
  readonly products: readonly VexProduct[]
  readonly status: VexStatus
  readonly reason: string
  /** The author of the document. */
  readonly by: string
  /** RFC 3339; the newer of two statements counts. */
  readonly time: string
}

export type VexStatus = 'not_affected' | 'fixed' | 'affected' | 'under_investigation'

export interface VexProduct {
  readonly id: string
  /** Packages of the product that it is about; with none, all of it. */
  readonly subcomponents: readonly string[]
}

export interface VexDocument {
  readonly format: 'openvex' | 'csaf' | 'cyclonedx'
  readonly statements: readonly VexStatement[]
  /** Statements about products that no package URL and no digest names: nothing can be compared with them. */
  readonly passedOver: number
}

/** A statement without what can be compared with anything, as `undefined`. */
export function comparable(statement: VexStatement): VexStatement | undefined {
  const products = statement.products.filter(({ id }) => isComparable(id))
  const isWhole = statement.vulnerabilities.length > 0 && products.length > 0
  return isWhole ? { ...statement, products } : undefined
}

const isComparable = (id: string): boolean => id.startsWith('pkg:') || /^sha(?:256|512):[0-9a-f]{64,128}$/.test(id)
