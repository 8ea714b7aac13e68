import { sql } from 'kysely'
import type { Database } from '#server/database/database.ts'
import { Users } from '#server/domain/access/accounts/users.ts'
import { Passwords } from '#server/domain/access/credentials/passwords.ts'
import { readMaxDataAgeDays, whyTooOld } from '#server/domain/scanning/data/data-age.ts'
import { composeEvents } from '#server/compose/events.ts'
import { formatBytes } from '../format-bytes.ts'
import { placeOfOuterKey, readOuterKeys } from '#server/compose/outer-key.ts'
import { ConfigError } from '#server/config/config-error.ts'
import type { Config } from '#server/config/config.ts'
import { systemClock } from '#server/domain/clock.ts'
import { readSecretsStatus } from '#server/domain/key-rotation/secrets-status.ts'
import { Secrets } from '#server/domain/secrets/secrets.ts'
import { good, problem, warning, type Finding } from './finding.ts'

const toleratedMs = 60_000

/** What the rows of a registry tell: uploads that were left, the first password, and whether time has gone back. */
export async function checkContents(
  database: Database,
  now: () => number,
  { open, outerKey }: Pick<Config, 'open' | 'outerKey'>,
): Promise<Finding[]> {
  return [
    await judgeUploads(database, now()),
    ...(open ? [] : [await judgePassword(database, now)]),
    await judgeTime(database, now()),
    ...(await judgeVulnerabilityData(database, now())),
    await judgeSecrets(database, outerKey),
    ...(await judgeUpstreams(database)),
  ]
}

async function judgeUploads({ read }: Database, now: number): Promise<Finding> {
  const row = await read
    .selectFrom('upload')
    .select((eb) => [
      eb.fn.countAll<number | string>().as('all'),
      eb.fn.sum<number | string | null>(sql<number>`case when expires_at <= ${now} then 1 else 0 end`).as('expired'),
      eb.fn.sum<number | string | null>('offset').as('bytes'),
    ])
    .executeTakeFirstOrThrow()
  const expired = Number(row.expired ?? 0)
  const summary = `${Number(row.all)} unfinished, with ${formatBytes(Number(row.bytes ?? 0))}`
  if (expired === 0) return good('uploads', summary)
  return warning('uploads', `${summary}; ${expired} have expired and are not cleared`, [
    'a running registry clears them by itself (uploads.expiry_interval); its log says why it does not: "background task failed"',
  ])
}

async function judgePassword(database: Database, now: () => number): Promise<Finding> {
  const clock = { now }
  const users = new Users({ database, clock, events: composeEvents(clock), passwords: new Passwords() })
  if (!(await users.usesDefaultPassword())) return good('password of admin', 'is not the one of the manual')
  return warning('password of admin', 'is the one of every manual, so admin is admitted from this machine only', [
    'berth user set-password admin',
  ])
}

/** Whether the outer key that this configuration names opens the secrets of this database. */
async function judgeSecrets(database: Database, outerKey: Config['outerKey']): Promise<Finding> {
  const subject = 'outer key of the secrets'
  const place = placeOfOuterKey(outerKey)
  const rows = await database.read.selectFrom('secret_key').select('outer_key_id').execute()
  const needed = new Set(rows.map(({ outer_key_id: id }) => id))
  if (needed.size === 0) return good(subject, 'is needed from the next start on')
  try {
    const keys = await readOuterKeys(outerKey)
    const missing = [...needed].filter((id) => keys.every((key) => key.id !== id))
    if (missing.length > 0)
      return problem(subject, `secrets are sealed with ${missing.join(', ')}, which is not in ${place}`, [
        'put the key back that was used until now; what is lost without it: berth secrets reset --dry-run',
      ])
    const secrets = new Secrets({ dialect: database.dialect, clock: systemClock, outerKeys: keys })
    const { places } = await readSecretsStatus(database.read, secrets)
    const bad = places.reduce((sum, { plain, unreadable }) => sum + plain + unreadable, 0)
    if (bad > 0)
      return problem(subject, `${bad} secrets cannot be read`, ['berth secrets status says which: enter them again'])
    const old = keys.slice(1).filter(({ id }) => !needed.has(id)).length
    if (old > 0)
      return warning(subject, `${old} old keys are in ${place} that nothing needs`, ['berth secrets forget-old-keys'])
    return good(subject, `opens all of them; is there a copy of ${place}, apart from the backups?`)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return problem(subject, error.message)
  }
}

const dayMs = 24 * 60 * 60_000
/** Advisories come every day. */
const dueDays = 7

/** Nothing where nobody brought any: a registry need not scan. */
async function judgeVulnerabilityData(database: Database, now: number): Promise<Finding[]> {
  const row = await database.read
    .selectFrom('advisory_generation')
    .select('data_time')
    .where('state', '=', 'in-use')
    .executeTakeFirst()
  if (row === undefined) return []
  const subject = 'vulnerability data'
  const next = ['berth db import FILE, or let the registry fetch it: berth db schedule --help']
  const dataTime = row.data_time === null ? '' : new Date(row.data_time).toISOString()
  const tooOld = whyTooOld(dataTime, await readMaxDataAgeDays(database), now)
  if (tooOld !== undefined) return [problem(subject, `scans fail: ${tooOld}`, next)]
  if (row.data_time === null) return [warning(subject, 'does not say how old it is', next)]
  const days = Math.floor((now - row.data_time) / dayMs)
  const summary = `${days} days old`
  return [days > dueDays ? warning(subject, summary, next) : good(subject, summary)]
}

/** A part of the pulls that a registry allows; below it the next release may find none left. */
const littleLeft = 0.1

/** Of each registry that a project is the cache of and that was asked already. */
async function judgeUpstreams({ read }: Database): Promise<Finding[]> {
  const rows = await read
    .selectFrom('proxy_upstream')
    .innerJoin('registry', 'registry.id', 'proxy_upstream.registry_id')
    .select(['registry.name', 'failing_since', 'failure_code', 'failure_message', 'limit_total', 'limit_remaining'])
    .where((eb) =>
      eb.exists(
        eb.selectFrom('project').select('id').whereRef('project.registry_id', '=', 'proxy_upstream.registry_id'),
      ),
    )
    .orderBy('registry.name')
    .execute()
  return rows.map((row) => {
    const subject = `proxy cache of ${row.name}`
    if (row.failing_since !== null) {
      const since = new Date(row.failing_since).toISOString()
      const summary = `its registry has failed since ${since}, ${row.failure_code}: ${row.failure_message}`
      return warning(subject, summary, [`berth registry test ${row.name}; what is cached is served on`])
    }
    const { limit_total: total, limit_remaining: remaining } = row
    if (total === null || remaining === null) return good(subject, 'its registry answers')
    const summary = `its registry answers, and allows ${remaining} more of ${total} pulls`
    if (remaining >= total * littleLeft) return good(subject, summary)
    return warning(subject, summary, ['give the registry an account with a higher limit: berth registry --help'])
  })
}

/** Rows from the future mean that the clock was ahead, or is behind now: tokens and leases go by it. */
async function judgeTime({ read }: Database, now: number): Promise<Finding> {
  const newest = await read.selectFrom('event').select('occurred_at').orderBy('id', 'desc').limit(1).executeTakeFirst()
  const at = Number(newest?.occurred_at ?? 0)
  if (at <= now + toleratedMs) return good('clock and data', 'nothing in the database is later than now')
  return problem('clock and data', `the newest event is from ${new Date(at).toISOString()}, which is later than now`, [
    'timedatectl set-ntp true; was the clock ahead when it was written?',
  ])
}
