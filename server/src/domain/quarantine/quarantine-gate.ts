import { projectOf } from '#contract/repository-name.ts'
import type { Database } from '../../database/database.ts'
import { actorKey, type Actor } from '../access/actor.ts'
import type { Admission } from '../access/admission.ts'
import { DomainError } from '../errors.ts'
import type { JudgedManifest, PullJudge } from '../policies/gates.ts'
import { permissionsIn } from '../access/roles/authorise.ts'
import { findProjectAccess } from '../projects/project-access.ts'
import { mayPullHeldBack, PullPolicies, type PullPoliciesOptions } from '../pull-policies/pull-policies.ts'
import { quarantineName, type Awaited } from './judge-held.ts'

/** Both things that keep a manifest from leaving: policies, and that it has not passed them yet since its push. */
export function composePullJudge(options: PullPoliciesOptions): PullJudge {
  const policies = new PullPolicies(options)
  return {
    assertMayLeave: async (admission, manifest) => await policies.assertMayLeave(admission, manifest),
    assertOutOfQuarantine: async (admission, manifest) => await assertOutOfQuarantine(options, admission, manifest),
  }
}

/**
 * What is in quarantine is pulled by those with the permission, by robots that scan or sign, and by whoever pushed it: cosign
 * and notation read the manifest that they sign. Nobody copies it out.
 * @throws DomainError POLICY_VIOLATION
 */
async function assertOutOfQuarantine(
  { database, observer }: PullPoliciesOptions,
  admission: Admission,
  { artifactId, digest }: JudgedManifest,
): Promise<void> {
  const { actor, projectId, repositoryName: repository, operation } = admission
  if (mayPullHeldBack(actor, projectId)) return
  const entry = await database.read
    .selectFrom('quarantine_entry')
    .select(['pushed_by', 'entered_at', 'expires_at', 'awaits'])
    .where('artifact_id', '=', artifactId)
    .where('released_at', 'is', null)
    .executeTakeFirst()
  // Released since the manifest was read.
  if (entry === undefined) return
  if (operation === 'pull' && (await mayPullQuarantined(database, admission, entry.pushed_by))) return
  const awaits = JSON.parse(entry.awaits) as readonly Awaited[]
  const detail = {
    ...{ digest, since: new Date(entry.entered_at).toISOString() },
    ...(entry.expires_at === null ? {} : { until: new Date(entry.expires_at).toISOString() }),
    awaits: awaits.map(({ policy, cause }) => ({ policy, cause })),
  }
  const message = `${repository}@${digest} is in quarantine until policies let it pass: ${awaits.map((each) => each.message).join('; ')}`
  observer?.onViolation(admission, digest, {
    ...{ policy: quarantineName, mode: 'enforce', cause: 'quarantined', projectId, message, detail },
  })
  throw new DomainError('POLICY_VIOLATION', message, { detail: { policy: quarantineName, ...detail } })
}

async function mayPullQuarantined(
  database: Database,
  { actor, repositoryName: repository }: Admission,
  pushedBy: string,
): Promise<boolean> {
  // The program itself pulls for others: replication, export.
  if (actor.kind === 'system') return false
  if (isSomebody(actor) && actorKey(actor) === pushedBy) return true
  // A token for pulling names no other permission: the account behind it must have this one.
  const access = await findProjectAccess(database, actor, projectOf(repository))
  return access !== undefined && permissionsIn(actor, access).has('quarantine:pull')
}

const isSomebody = ({ kind }: Actor): boolean => kind === 'user' || kind === 'robot'
