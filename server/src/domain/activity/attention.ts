import { sql, type SqlBool } from 'kysely'
import type { Database } from '../../database/database.ts'
import { isSystemAdministrator, type Actor } from '../access/actor.ts'
import type { Users } from '../access/accounts/users.ts'
import type { Clock } from '../clock.ts'
import { visibleTo, type ProjectCondition } from '../projects/project-visibility.ts'

const dayMs = 86_400_000
const nearlyFull = 0.85
const robotWarningMs = 14 * dayMs
const robotRememberedMs = 30 * dayMs
const failedWithinMs = dayMs
const scrubRememberedMs = 30 * dayMs
/** Advisories come every day: after a week an import is due, after a month too much is missing. */
const dataDueMs = 7 * dayMs
const dataOutdatedMs = 30 * dayMs
/** The limit of concerns of each kind. A person with more to see to begins with these. */
const maxPerKind = 20

export type Severity = 'warning' | 'critical'

/** Something that a person should see to. */
export type Concern = { readonly severity: Severity } & (
  | { readonly kind: 'default-password' }
  | { readonly kind: 'disk-nearly-full'; readonly usedBytes: number; readonly totalBytes: number }
  | { readonly kind: 'certificate-expiring'; readonly expiresAt: number }
  | { readonly kind: 'jobs-failed'; readonly count: number }
  /** Bytes that go bad would be found by whoever pulls them. */
  | { readonly kind: 'scrub-unscheduled' }
  /** Somebody scanned, and no scan can say anything. */
  | { readonly kind: 'vulnerability-data-missing' }
  /** `dataTime`: when the oldest of it was published. */
  | { readonly kind: 'vulnerability-data-old'; readonly dataTime: number }
  /** Vulnerabilities that attackers use already, in images of the registry. */
  | { readonly kind: 'exploited-vulnerabilities'; readonly count: number }
  /** Images that the last scan of everything could not scan. */
  | { readonly kind: 'scan-all-failed'; readonly count: number }
  /** Projects that ask for signatures, and take those of everybody, because nobody was named. */
  | { readonly kind: 'signers-unnamed'; readonly count: number }
  /** Artifacts that have been in quarantine for long. */
  | { readonly kind: 'quarantine-waiting'; readonly count: number }
  /** Of a verification of the audit log. */
  | { readonly kind: 'audit-log-changed'; readonly count: number }
  /** Receivers of the audit log that take nothing, or miss something. */
  | { readonly kind: 'audit-sinks-behind'; readonly count: number }
  | {
      readonly kind: 'quota-nearly-full'
      readonly project: string
      readonly usedBytes: number
      readonly totalBytes: number
    }
  | {
      readonly kind: 'robot-expiring'
      readonly robot: string
      readonly project: string | undefined
      readonly expiresAt: number
    }
)

/** Facts that only the surrounding process knows. */
export interface Surroundings {
  volume(): Promise<{ readonly totalBytes: number; readonly freeBytes: number }>
  certificate(): Promise<{ readonly expiresAt: number; readonly attentionAt: number } | undefined>
}

export interface AttentionServices {
  readonly database: Database
  readonly clock: Clock
  readonly users: Users
  readonly surroundings: Surroundings
  /** Concerns of the registry that nouns above this one find. */
  readonly findMore?: () => Promise<readonly Concern[]>
}

/** Concerns that the actor should see to: of the registry for its administrators, of their projects for others. */
export async function listConcerns(services: AttentionServices, actor: Actor): Promise<readonly Concern[]> {
  const administrator = isSystemAdministrator(actor)
  if (!administrator && actor.kind !== 'user') return []
  const found = await Promise.all([
    ...(administrator
      ? [
          findDefaultPassword(services, actor),
          findFullDisk(services),
          findExpiringCertificate(services),
          findFailedJobs(services),
          findMissingScrub(services),
          findOldVulnerabilityData(services),
          services.findMore?.() ?? [],
        ]
      : []),
    findFullQuotas(services, visibleTo(actor, 'quota:read')),
    findExpiringRobots(services, administrator ? undefined : robotsOf(actor)),
  ])
  return found
    .flat()
    .toSorted((one, other) => Number(other.severity === 'critical') - Number(one.severity === 'critical'))
}

/** Where the account may see robots and do something about one that ends; none of the registry itself. */
const robotsOf = (actor: Actor): ProjectCondition =>
  sql<SqlBool>`(${visibleTo(actor, 'robot:list')} and ${visibleTo(actor, 'robot:update')})`

async function findDefaultPassword({ users }: AttentionServices, actor: Actor): Promise<Concern[]> {
  if (actor.kind === 'open') return []
  return (await users.usesDefaultPassword()) ? [{ kind: 'default-password', severity: 'critical' }] : []
}

async function findFullDisk({ surroundings }: AttentionServices): Promise<Concern[]> {
  const { totalBytes, freeBytes } = await surroundings.volume()
  const usedBytes = totalBytes - freeBytes
  // Object storage has no end.
  if (totalBytes === 0 || usedBytes < 0.9 * totalBytes) return []
  return [
    {
      kind: 'disk-nearly-full',
      severity: usedBytes < 0.97 * totalBytes ? 'warning' : 'critical',
      usedBytes,
      totalBytes,
    },
  ]
}

async function findExpiringCertificate({ surroundings, clock }: AttentionServices): Promise<Concern[]> {
  const certificate = await surroundings.certificate()
  if (certificate === undefined || certificate.attentionAt > clock.now()) return []
  const { expiresAt } = certificate
  const severity = expiresAt < clock.now() + 3 * dayMs ? 'critical' : 'warning'
  return [{ kind: 'certificate-expiring', severity, expiresAt }]
}

async function findFailedJobs({ database, clock }: AttentionServices): Promise<Concern[]> {
  // By id downwards from the newest: the index knows the order, and a thousand are as bad as ten thousand.
  const rows = await database.read
    .selectFrom('job')
    .select('finished_at')
    .where('status', '=', 'failed')
    .orderBy('id', 'desc')
    .limit(1_000)
    .execute()
  const count = rows.filter(({ finished_at: at }) => at !== null && at > clock.now() - failedWithinMs).length
  return count === 0 ? [] : [{ kind: 'jobs-failed', severity: 'warning', count }]
}

/** A pass that a person started not long ago is as good as a schedule. */
async function findMissingScrub({ database, clock }: AttentionServices): Promise<Concern[]> {
  const scheduled = await database.read
    .selectFrom('job_schedule')
    .select('id')
    .where('kind', '=', 'scrub')
    .limit(1)
    .executeTakeFirst()
  if (scheduled !== undefined) return []
  const recent = await database.read
    .selectFrom('scrub_progress')
    .select('started_at')
    .where('started_at', '>', clock.now() - scrubRememberedMs)
    .executeTakeFirst()
  return recent === undefined ? [{ kind: 'scrub-unscheduled', severity: 'warning' }] : []
}

/** Without data only where somebody scans: a registry that is not meant to scan misses none. */
async function findOldVulnerabilityData({ database, clock }: AttentionServices): Promise<Concern[]> {
  const inUse = await database.read
    .selectFrom('advisory_generation')
    .select('data_time')
    .where('state', '=', 'in-use')
    .executeTakeFirst()
  if (inUse === undefined) {
    const scanned = await database.read.selectFrom('scan').select('digest').limit(1).executeTakeFirst()
    return scanned === undefined ? [] : [{ kind: 'vulnerability-data-missing', severity: 'warning' }]
  }
  const { data_time: dataTime } = inUse
  if (dataTime === null || dataTime > clock.now() - dataDueMs) return []
  const severity = dataTime > clock.now() - dataOutdatedMs ? 'warning' : 'critical'
  return [{ kind: 'vulnerability-data-old', severity, dataTime }]
}

async function findFullQuotas({ database }: AttentionServices, visible: ProjectCondition): Promise<Concern[]> {
  const used = database.read
    .selectFrom('quota')
    .innerJoin('project', 'project.id', 'quota.project_id')
    .leftJoin('project_usage', 'project_usage.project_id', 'quota.project_id')
    .select((eb) => [
      'project.name',
      'quota.hard_bytes',
      eb.fn.sum<number | string | null>('project_usage.bytes').as('used'),
    ])
    .where('quota.hard_bytes', '>', 0)
    .where(visible)
    .groupBy(['project.name', 'quota.hard_bytes'])
    .having((eb) => eb(eb.fn.sum('project_usage.bytes'), '>=', eb('quota.hard_bytes', '*', sql.lit(nearlyFull))))
    .orderBy('project.name')
    .limit(maxPerKind)
  return (await used.execute()).map((row) => {
    const usedBytes = Number(row.used ?? 0)
    return {
      kind: 'quota-nearly-full',
      severity: usedBytes < 0.97 * row.hard_bytes ? 'warning' : 'critical',
      project: row.name,
      usedBytes,
      totalBytes: row.hard_bytes,
    }
  })
}

async function findExpiringRobots(
  { database, clock }: AttentionServices,
  visible: ProjectCondition | undefined,
): Promise<Concern[]> {
  const now = clock.now()
  const rows = await database.read
    .selectFrom('robot')
    .leftJoin('project', 'project.id', 'robot.project_id')
    .select(['robot.name', 'robot.expires_at', 'project.name as project'])
    .where('robot.disabled', '=', 0)
    .where('robot.expires_at', '<', now + robotWarningMs)
    .where('robot.expires_at', '>', now - robotRememberedMs)
    .$if(visible !== undefined, (query) => query.where('robot.project_id', 'is not', null).where(visible!))
    .orderBy('robot.expires_at')
    .limit(maxPerKind)
    .execute()
  return rows.map(({ name, expires_at: at, project }) => ({
    kind: 'robot-expiring',
    severity: at! < now ? 'critical' : 'warning',
    robot: name,
    project: project ?? undefined,
    expiresAt: at!,
  }))
}
