import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { PullPolicyTable } from '../../database/schema/pull-policies.ts'
import type { PolicyCondition, PullPolicy } from './policy-definition.ts'

/** Of a project, and of the registry. */
export const maxPolicies = 20

type Row = Omit<PullPolicyTable, 'id'> & { readonly id: number }

const columns = ['id', 'project_id', 'name', 'mode', 'repositories', 'tags', 'condition', 'username'] as const

const findActive = preparedQuery<{ projectId: number }, Row>((db, param) =>
  db
    .selectFrom('pull_policy')
    .select([...columns, 'created_at', 'updated_at'])
    .where((eb) => eb.or([eb('project_id', '=', param('projectId')), eb('project_id', 'is', null)]))
    .where('mode', '!=', 'off')
    .orderBy('id')
    .limit(2 * maxPolicies),
)

/** Those that concern a project, its own and the registry's, in the order in which they were made. */
export async function listActivePolicies(reader: Reader, projectId: number): Promise<readonly PullPolicy[]> {
  return (await findActive.all(reader, { projectId })).map(policyOf)
}

export function policyOf(row: Row): StoredPolicy {
  return {
    id: row.id,
    projectId: row.project_id ?? undefined,
    name: row.name,
    mode: row.mode,
    repositories: row.repositories,
    tags: row.tags,
    condition: JSON.parse(row.condition) as PolicyCondition,
    username: row.username,
    updatedAt: row.updated_at,
  }
}

export interface StoredPolicy extends PullPolicy {
  /** Who wrote it last. */
  readonly username: string
  readonly updatedAt: number
}
