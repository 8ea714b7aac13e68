import { matcherOf } from '#contract/doublestar.ts'
import { restOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { PolicyExemptionTable } from '../../database/schema/pull-policies.ts'

/** Something that policies let pass, because somebody answers for it until a day. */
export interface Exemption {
  readonly id: number
  /** Undefined: of the registry. */
  readonly projectId: number | undefined
  /** Empty: every policy. */
  readonly policy: string
  readonly repositories: string
  readonly digest: string | undefined
  readonly vulnerability: string | undefined
  readonly reason: string
  readonly username: string
  readonly createdAt: number
  readonly expiresAt: number
}

/** Of a project, and of the registry. */
export const maxExemptions = 500

type Row = Omit<PolicyExemptionTable, 'id'> & { readonly id: number }

const columns = [
  ...(['id', 'project_id', 'policy', 'repositories', 'digest', 'vulnerability'] as const),
  ...(['reason', 'username', 'created_at', 'expires_at'] as const),
] as const

const findLive = preparedQuery<{ projectId: number; now: number }, Row>((db, param) =>
  db
    .selectFrom('policy_exemption')
    .select(columns)
    .where((eb) => eb.or([eb('project_id', '=', param('projectId')), eb('project_id', 'is', null)]))
    .where('expires_at', '>', param('now'))
    .orderBy('id')
    .limit(2 * maxExemptions),
)

/** Those of the project and of the registry that have not ended. */
export async function listLiveExemptions(
  reader: Reader,
  projectId: number,
  now: number,
): Promise<readonly Exemption[]> {
  return (await findLive.all(reader, { projectId, now })).map(exemptionOf)
}

export function exemptionOf(row: Row): Exemption {
  return {
    id: row.id,
    projectId: row.project_id ?? undefined,
    policy: row.policy,
    repositories: row.repositories,
    digest: row.digest ?? undefined,
    vulnerability: row.vulnerability ?? undefined,
    reason: row.reason,
    username: row.username,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}

export interface Exempted {
  readonly policy: string
  /** Of the policy; undefined: it is the registry's, and only the registry exempts from it. */
  readonly projectId: number | undefined
  readonly repository: RepositoryName
  readonly digest: string
}

/** The exemptions that speak of it: from the policy as a whole, or from single vulnerabilities. */
export function exemptionsFor(exemptions: readonly Exemption[], asked: Exempted): readonly Exemption[] {
  return exemptions.filter(({ projectId, policy, repositories, digest }) => {
    if (projectId !== undefined && projectId !== asked.projectId) return false
    if (policy !== '' && policy !== asked.policy) return false
    if (digest !== undefined && digest !== asked.digest) return false
    return isChosen(repositories, projectId, asked.repository)
  })
}

/** By what stands behind the project's name, or by the whole name where the registry chooses. */
export const isChosen = (pattern: string, projectId: number | undefined, repository: RepositoryName): boolean =>
  pattern === '**' || matcherOf(pattern)(projectId === undefined ? repository : restOf(repository))
