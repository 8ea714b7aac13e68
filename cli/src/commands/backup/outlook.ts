import { counted } from '../../counted.ts'
import { findBackupOutlook } from '#server/domain/backup/backup-outlook.ts'
import { systemClock } from '#server/domain/clock.ts'
import type { ArchiveCommand } from '../../archive-command.ts'
import { factsOf } from '../../output.ts'
import { formatDuration } from '../../progress.ts'

const momentOf = (ms: number): string => new Date(ms).toISOString()

export const showBackupSchedule: ArchiveCommand = {
  description:
    'when backups run by themselves, how old the last one is, and why one failed; exit code 1 when the last failed, or is older than two days',
  example: 'berth backup schedule',
  async run({ config, database }) {
    const now = systemClock.now()
    const { schedule, last, lastFailure, isConcern } = await findBackupOutlook((await database()).read, now)
    const { to, keep } = config.backup
    const { text, json } = factsOf(
      [
        ['to', to ?? 'nowhere: set backup.to'],
        ['kept', keep ?? 'all'],
        ['runs', schedule?.cron ?? 'only when berth backup is called: set backup.schedule, or call it by a timer'],
        ['time zone', schedule?.timeZone],
        ['next', schedule === undefined ? undefined : momentOf(schedule.nextRunAt)],
        ['last', last === undefined ? 'none' : `${momentOf(last.finishedAt)}, in ${last.archive}`],
        ['age', last === undefined ? undefined : formatDuration((now - last.finishedAt) / 1_000)],
        [
          'lacks',
          last === undefined || last.damaged === 0
            ? undefined
            : `${counted(last.damaged, 'blob')}: berth scrub findings`,
        ],
        [
          'last failure',
          lastFailure === undefined ? undefined : `${momentOf(lastFailure.at)}: ${lastFailure.error ?? ''}`,
        ],
        ['its log', lastFailure === undefined ? undefined : `berth job logs ${lastFailure.job}`],
      ],
      { to, keep, schedule, last, lastFailure },
    )
    return { good: !isConcern, text, json }
  },
}
