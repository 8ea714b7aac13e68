import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { findAllowlist, type CveAllowlist } from '../projects/cve-allowlist.ts'
import { pullSwitches, severityWords } from '../projects/project-metadata.ts'
import type { Severity } from '../scanning/advisories.ts'
import type { SignatureMethod } from '../signatures/verdicts.ts'

/** What Harbor's keys of a project ask of everything that is pulled from it. */
export interface HarborPolicy {
  /** Signatures that an artifact must have, in the order in which they are asked for. */
  readonly signatures: readonly SignatureMethod[]
  /** Undefined: pulls are not held back for what a scan found. */
  readonly vulnerabilities: SeverityLimit | undefined
}

/** From which severity on pulls are refused. */
export interface SeverityLimit {
  readonly from: Severity
  /** As Harbor writes it in its messages. */
  readonly word: string
  /** Whether the allowlist is the project's own; else it is the registry's. */
  readonly hasOwnAllowlist: boolean
}

const keys = [...pullSwitches, 'severity', 'reuse_sys_cve_allowlist'] as const

/** Cosign first, as in Harbor. */
const signatureKeys = { cosign: 'enable_content_trust_cosign', notation: 'enable_content_trust' } as const

/** Harbor's key for such signatures. */
export const keyOfSignatures = (method: SignatureMethod): string => signatureKeys[method]

const findValues = preparedQuery<{ projectId: number }, { name: string; value: string }>((db, param) =>
  db
    .selectFrom('project_metadata')
    .select(['name', 'value'])
    .where('project_id', '=', param('projectId'))
    .where('name', 'in', keys),
)

export async function readHarborPolicy(reader: Reader, projectId: number): Promise<HarborPolicy> {
  const rows = await findValues.all(reader, { projectId })
  const values = new Map(rows.map(({ name, value }) => [name, value]))
  const signatures = (['cosign', 'notation'] as const).filter((method) => values.get(signatureKeys[method]) === 'true')
  if (values.get('prevent_vul') !== 'true') return { signatures, vulnerabilities: undefined }
  const { from, word } = limitOf(values.get('severity'))
  // As in Harbor, a project that does not say uses the list of the registry.
  const hasOwnAllowlist = values.get('reuse_sys_cve_allowlist') === 'false'
  return { signatures, vulnerabilities: { from, word, hasOwnAllowlist } }
}

const order: readonly Severity[] = ['Unknown', 'Low', 'Medium', 'High', 'Critical']

/** As in Harbor, a severity that is not there or is `none` refuses whatever was found. */
export function limitOf(value: string | undefined): { readonly from: Severity; readonly word: string } {
  const place = severityWords.indexOf(value?.toLowerCase() ?? '')
  if (place < 0) return { from: 'Unknown', word: 'Unknown' }
  return { from: order[place]!, word: place === 0 ? 'None' : order[place]! }
}

/** The vulnerabilities that the project accepts at this moment, and until when that holds. Never both lists, as in Harbor. */
export async function readAccepted(
  reader: Reader,
  projectId: number,
  { hasOwnAllowlist }: SeverityLimit,
  now: number,
): Promise<{ readonly ids: ReadonlySet<string>; readonly until: number | undefined }> {
  const list = await findAllowlist(reader, hasOwnAllowlist ? projectId : undefined)
  return acceptedAt(list, now)
}

export function acceptedAt(
  list: Pick<CveAllowlist, 'cveIds' | 'expiresAt'> | undefined,
  now: number,
): { readonly ids: ReadonlySet<string>; readonly until: number | undefined } {
  if (list === undefined || (list.expiresAt !== undefined && now >= list.expiresAt)) {
    return { ids: new Set(), until: undefined }
  }
  return { ids: new Set(list.cveIds), until: list.expiresAt }
}
