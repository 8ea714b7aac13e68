import type { Reader, Writer } from '../../database/database.ts'
import { DomainError } from '../errors.ts'

/**
 * Switches of ours: an index may be pushed without all its children; config and layers of an old image may lack `size`
 * and `mediaType`; `quarantine` holds what is pushed until policies let it pass; with `must_not_leave` nothing of the project is
 * replicated to another registry; with `prefer_attached_sbom` findings are those of the bill of materials that somebody attached; with
 * `two_person_signing` a second person approves each signature of the registry's keys.
 */
const ownSwitches = [
  'sparse_indexes',
  'lenient_manifests',
  'quarantine',
  'must_not_leave',
  'prefer_attached_sbom',
  'two_person_signing',
] as const

/** The properties of a project, with Harbor's names. Values are text; `public` is among them for every reader. */
const truthKeys = [
  'public',
  'enable_content_trust',
  'enable_content_trust_cosign',
  'prevent_vul',
  'auto_scan',
  'auto_sbom_generation',
  'reuse_sys_cve_allowlist',
  'proxy_cache_local_on_not_found',
  'proxy_referrer_api',
  ...ownSwitches,
] as const
/** Switches by which a project holds back what is pulled from it. */
export const pullSwitches = ['prevent_vul', 'enable_content_trust', 'enable_content_trust_cosign'] as const
const numberKeys = ['proxy_speed_kb', 'max_upstream_conn', 'retention_id', 'quarantine_days'] as const
/**
 * Ours: `pull_redirect`, whether pulls of large blobs are sent to the object storage; what ends a quarantine (`hold`, `delete`); for how
 * long a proxy project believes what it knows of a tag, what it never gives up, and whose names it answers for.
 */
const textKeys = [
  ...(['severity', 'proxy_cache_filter_pattern', 'proxy_cache_filter_kind', 'pull_redirect'] as const),
  ...(['proxy_cache_freshness', 'proxy_cache_pins', 'proxy_mirror_of', 'quarantine_end'] as const),
] as const

export const metadataKeys = [...truthKeys, ...numberKeys, ...textKeys] as const
export type MetadataKey = (typeof metadataKeys)[number]
export type ProjectMetadata = Readonly<Partial<Record<MetadataKey, string>>>

/** What the key `severity` may say, from the least severe. */
export const severityWords = ['none', 'low', 'medium', 'high', 'critical']

export function isMetadataKey(key: string): key is MetadataKey {
  return (metadataKeys as readonly string[]).includes(key)
}

/**
 * The value in the form in which it is kept: `true` for `1`, lower case for a severity.
 * @throws DomainError BAD_REQUEST
 */
export function parseMetadataValue(key: MetadataKey, value: string): string {
  const parsed = parse(key, value)
  if (parsed === undefined) throw new DomainError('BAD_REQUEST', `invalid value: ${value.slice(0, 100)} for ${key}`)
  return parsed
}

function parse(key: MetadataKey, value: string): string | undefined {
  if ((truthKeys as readonly string[]).includes(key)) {
    if (/^(1|t|true)$/i.test(value)) return 'true'
    return /^(0|f|false)$/i.test(value) ? 'false' : undefined
  }
  // Zero is without a limit.
  if (key === 'quarantine_days') return /^\d{1,4}$/.test(value) ? String(Number(value)) : undefined
  if (key === 'quarantine_end') return value === 'hold' || value === 'delete' ? value : undefined
  if ((numberKeys as readonly string[]).includes(key)) return /^-?\d{1,12}$/.test(value) ? value : undefined
  if (key === 'severity') {
    // Clair's word for what is "none" in CVSS 3; older clients still send it.
    const severity = value.toLowerCase() === 'negligible' ? 'none' : value.toLowerCase()
    return severityWords.includes(severity) ? severity : undefined
  }
  // Whether and from which size on (bytes).
  if (key === 'pull_redirect') return /^(on|off|\d{1,15})$/i.test(value) ? value.toLowerCase() : undefined
  if (key === 'proxy_cache_filter_kind') return value === 'doublestar' || value === 'regex' ? value : undefined
  return value.length <= 1_024 ? value : undefined
}

/** The stored properties of these projects, without `public`; one query however many they are. */
export async function readMetadata(
  reader: Reader,
  projectIds: readonly number[],
): Promise<Map<number, ProjectMetadata>> {
  const metadata = new Map<number, Record<string, string>>(projectIds.map((id) => [id, {}]))
  if (projectIds.length === 0) return metadata
  const rows = await reader
    .selectFrom('project_metadata')
    .selectAll()
    .where('project_id', 'in', projectIds)
    .orderBy('name')
    .execute()
  for (const { project_id: id, name, value } of rows) metadata.get(id)![name] = value
  return metadata
}

/** Whether a switch of the project is on. */
export async function isSwitchedOn(
  reader: Reader,
  projectId: number,
  key: (typeof truthKeys)[number],
): Promise<boolean> {
  const row = await reader
    .selectFrom('project_metadata')
    .select('value')
    .where('project_id', '=', projectId)
    .where('name', '=', key)
    .executeTakeFirst()
  return row?.value === 'true'
}

/** Takes back what was said. Idempotent. */
export async function deleteMetadataKey(tx: Writer, projectId: number, key: MetadataKey): Promise<void> {
  await tx.deleteFrom('project_metadata').where('project_id', '=', projectId).where('name', '=', key).execute()
}

/** Sets what is named and leaves the rest. `public` is not for this table. */
export async function writeMetadata(
  tx: Writer,
  projectId: number,
  metadata: ProjectMetadata | Readonly<Record<'projectScanner', string>>,
): Promise<void> {
  const values = Object.entries(metadata)
    .filter(([name]) => name !== 'public')
    .map(([name, value]) => ({ project_id: projectId, name, value }))
  if (values.length === 0) return
  await tx
    .insertInto('project_metadata')
    .values(values)
    .onConflict((conflict) =>
      conflict.columns(['project_id', 'name']).doUpdateSet((eb) => ({ value: eb.ref('excluded.value') })),
    )
    .execute()
}
