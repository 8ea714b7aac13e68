import { parsePurl, type PurlParts } from '../detection/purl.ts'
import type { Finding, Suppression } from '../finding.ts'
import type { FoundPackage } from '../inventory.ts'
import type { VexDocument, VexProduct, VexStatement } from './vex-statement.ts'

/** The image or folder that was looked into, as statements may name it. */
export interface VexSubject {
  /** `pkg:oci/…`, where it is an image. */
  readonly purl?: string
  readonly digest?: string
  /** Indexes that have the image: what is said of one of them is said of it too. */
  readonly within?: readonly VexSubject[]
}

/** Documents of one origin, which are believed alike. */
export interface VexLevel {
  /** Stands with what they rule out; left out where nobody needs to know. */
  readonly source?: NonNullable<Suppression['source']>
  readonly documents: readonly VexDocument[]
}

/**
 * The findings, with those that a statement says do not concern this subject marked as suppressed. None is taken away. Of several
 * statements about one finding the newest counts, of equally old ones the last.
 */
export const applyVex = (
  findings: readonly Finding[],
  documents: readonly VexDocument[],
  subject: VexSubject,
): readonly Finding[] => applyVexLevels(findings, [{ documents }], subject)

/** The same with documents that are believed more and less: the first level that has a statement about a finding decides. */
export function applyVexLevels(
  findings: readonly Finding[],
  levels: readonly VexLevel[],
  subject: VexSubject,
): readonly Finding[] {
  const known = levels.map(({ source, documents }) => ({ source, byId: statementsById(documents) }))
  return findings.map((finding) => {
    if (finding.suppressed !== undefined) return finding
    for (const { source, byId } of known) {
      const statements = [finding.id, ...finding.aliases].flatMap((id) => byId.get(id) ?? [])
      const last = newestOf(
        statements.filter((each) => each.products.some((product) => concerns(product, finding, subject))),
      )
      if (last === undefined) continue
      if (last.status !== 'not_affected' && last.status !== 'fixed') return finding
      const { by, status, reason } = last
      return { ...finding, suppressed: { by, status, reason, ...(source === undefined ? {} : { source }) } }
    }
    return finding
  })
}

function statementsById(documents: readonly VexDocument[]): ReadonlyMap<string, readonly VexStatement[]> {
  const byId = new Map<string, VexStatement[]>()
  for (const statement of documents.flatMap(({ statements }) => statements)) {
    for (const id of new Set(statement.vulnerabilities)) {
      const known = byId.get(id)
      if (known === undefined) byId.set(id, [statement])
      else known.push(statement)
    }
  }
  return byId
}

function newestOf(statements: readonly VexStatement[]): VexStatement | undefined {
  const [first, ...others] = statements
  return others.reduce((newest, each) => (timeOf(each) >= timeOf(newest!) ? each : newest), first)
}

const timeOf = ({ time }: VexStatement): number => Date.parse(time) || 0

function concerns({ id, subcomponents }: VexProduct, { package: found }: Finding, subject: VexSubject): boolean {
  if (isPackage(id, found)) return subcomponents.length === 0 || subcomponents.some((each) => isPackage(each, found))
  return isSubject(id, subject) && (subcomponents.length === 0 || subcomponents.some((each) => isPackage(each, found)))
}

function isSubject(id: string, { purl, digest, within = [] }: VexSubject): boolean {
  if (id === digest) return true
  const [named, own] = [parsePurl(id), purl === undefined ? undefined : parsePurl(purl)]
  if (named !== undefined && own !== undefined && includes(named, own)) return true
  return within.some((each) => isSubject(id, each))
}

function isPackage(id: string, found: FoundPackage): boolean {
  const [named, own] = [parsePurl(id), parsePurl(found.purl)]
  return named !== undefined && own !== undefined && includes(named, own)
}

/** Whether everything that a package URL says is true of the other one; what it leaves out may be anything. */
export function includes(named: PurlParts, own: PurlParts): boolean {
  if (named.type !== own.type || named.name !== own.name) return false
  if ((named.namespace ?? '') !== (own.namespace ?? '')) return false
  if (named.version !== '' && withoutV(named) !== withoutV(own)) return false
  if (named.subpath !== undefined && named.subpath !== own.subpath) return false
  return Object.entries(named.qualifiers ?? {}).every(([key, value]) => own.qualifiers?.[key] === value)
}

/** Go's versions are written with and without it. */
const withoutV = ({ type, version }: PurlParts): string => (type === 'golang' ? version.replace(/^v/, '') : version)
