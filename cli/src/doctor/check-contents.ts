import { sql } from 'kysely'
import type { Database } from '#server/database/database.ts'
import { Users } from '#server/domain/access/accounts/users.ts'
import { Passwords } from '#server/domain/access/credentials/passwords.ts'
import { readMaxDataAgeDays, whyTooOld } from '#server/domain/scanning/data/data-age.ts'
import { composeEvents } from '#server/compose/events.ts'
import { formatBytes } from '../format-bytes.ts'
import { good, problem, warning, type Finding } from './finding.ts'

const toleratedMs = 60_000

/** What the rows of a registry tell: uploads that were left, the first password, and whether time has gone back. */
export async function checkContents(database: Database, now: () => number, open: boolean): Promise<Finding[]> {
  return [
    await judgeUploads(database, now()),
    ...(open ? [] : [await judgePassword(database, now)]),
    await judgeTime(database, now()),
    ...(await judgeVulnerabilityData(database, now())),
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

/** Rows from the future mean that the clock was ahead, or is behind now: tokens and leases go by it. */
async function judgeTime({ read }: Database, now: number): Promise<Finding> {
  const newest = await read.selectFrom('event').select('occurred_at').orderBy('id', 'desc').limit(1).executeTakeFirst()
  const at = Number(newest?.occurred_at ?? 0)
  if (at <= now + toleratedMs) return good('clock and data', 'nothing in the database is later than now')
  return problem('clock and data', `the newest event is from ${new Date(at).toISOString()}, which is later than now`, [
    'timedatectl set-ntp true; was the clock ahead when it was written?',
  ])
}
