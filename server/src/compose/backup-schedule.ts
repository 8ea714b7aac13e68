import { ConfigError } from '../config/config-error.ts'
import type { Config } from '../config/config.ts'
import type { Actor } from '../domain/access/actor.ts'
import { backupJob } from '../domain/backup/backup-job.ts'
import { deleteSchedule, findSchedule, hasTiming, setSchedule, type Timing } from '../domain/jobs/schedules.ts'
import type { BackupPlace } from '../jobs/backup.ts'
import { openArchive } from './backup.ts'
import { DomainError } from '../domain/errors.ts'
import type { Foundation } from './foundation.ts'

const actor: Actor = { kind: 'system', name: 'configuration' }
const presets = ['hourly', 'daily', 'weekly'] as const

/** Makes the schedule of backups what the settings say. Any process may do it, at every start. */
export async function followBackupSchedule(
  { backup }: Pick<Config, 'backup'>,
  { database, clock, events }: Pick<Foundation, 'database' | 'clock' | 'events'>,
): Promise<void> {
  const { schedule, timeZone } = backup
  const name = backupJob.kind
  const before = await findSchedule(database.read, name)
  if (schedule === undefined) {
    if (before !== undefined) await database.write(async (tx) => void (await deleteSchedule(tx, events, actor, name)))
    return
  }
  const preset = presets.find((each) => each === schedule)
  const timing: Timing = preset === undefined ? { preset: 'custom', cron: schedule, timeZone } : { preset, timeZone }
  if (before !== undefined && hasTiming(before, timing)) return
  try {
    await database.write((tx) => setSchedule(tx, { clock, events }, actor, { name, ...backupJob.of({}), timing }))
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    throw new ConfigError([{ code: 'SETTING_INVALID', setting: 'backup.schedule', message: error.message }])
  }
}

export function backupPlaceOf(config: Config): BackupPlace {
  const { to, keep } = config.backup
  return { keep, open: async () => (to === undefined ? undefined : await openArchive(config, to)) }
}
