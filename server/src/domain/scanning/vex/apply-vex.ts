import { parsePurl, type PurlParts } from '../detection/purl.ts'
import type { Finding } from '../finding.ts'
import type { FoundPackage } from '../inventory.ts'
import type { VexDocument, VexProduct, VexStatement } from './vex-statement.ts'

/** The image or folder that was looked into, as statements may name it. */
export interface VexSubject {
  /** `pkg:oci/…`, where it is an image. */
  readonly purl?: string
  readonly digest?: string
}

/**
 * The findings, with those that a statement says do not concern this subject marked as suppressed. None is taken away. Of several
 * statements about one finding the newest counts, of equally old ones the last.
 */
export function applyVex(
  findings: readonly Finding[],
  documents: readonly VexDocument[],
  subject: VexSubject,
): readonly Finding[] {
  const byId = new Map<string, VexStatement[]>()
  for (const statement of documents.flatMap(({ statements }) => statements)) {
    for (const id of new Set(statement.vulnerabilities)) byId.set(id, [...(byId.get(id) ?? []), statement])
  }
  return findings.map((finding) => {
    if (finding.suppressed !== undefined) return finding
    const statements = [finding.id, ...finding.aliases].flatMap((id) => byId.get(id) ?? [])
    const last = newestOf(
      statements.filter((each) => each.products.some((product) => concerns(product, finding, subject))),
    )
    if (last === undefined || (last.status !== 'not_affected' && last.status !== 'fixed')) return finding
    return { ...finding, suppressed: { by: last.by, status: last.status, reason: last.reason } }
  })
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

function isSubject(id: string, { purl, digest }: VexSubject): boolean {
  if (id === digest) return true
  const [named, own] = [parsePurl(id), purl === undefined ? undefined : parsePurl(purl)]
  return named !== undefined && own !== undefined && includes(named, own)
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
