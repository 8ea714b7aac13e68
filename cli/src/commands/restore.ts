import { counted } from '../counted.ts'
import { showProgress } from '../progress.ts'
import { formatBytes } from '../format-bytes.ts'
import type { Command } from 'commander'
import { parseDigest } from '#contract/digest.ts'
import { healBlob } from '#server/domain/backup/heal-blob.ts'
import { prepareRestore, restoreBackup } from '#server/domain/backup/restore-backup.ts'
import { composeEvents } from '#server/compose/events.ts'
import { systemClock } from '#server/domain/clock.ts'
import {
  cliActor,
  setArchiveCommand,
  type ArchiveCommand,
  type ArchiveServices,
  type JudgedOutcome,
} from '../archive-command.ts'
import { sayWhichKeyIsNeeded } from '../outer-key-note.ts'
import { sayWhenInterrupted } from '../interruption.ts'

const restoreCommand: ArchiveCommand = {
  description:
    'put a backup into an empty database and an empty store, on SQLite or PostgreSQL, in a folder or a bucket',
  example: 'berth restore --from /mnt/backups',
  archive: '--from',
  timed: true,
  configure: (command) =>
    command
      .option('--backup <id>', 'which backup (default: the newest)')
      .option('--dry-run', 'only look whether it can be done')
      .option('--blob <digest>', 'give this one blob of the running registry its bytes back'),
  async run(services, flags) {
    if (typeof flags['blob'] === 'string') return await restoreBlob(services, flags['blob'])
    const isDryRun = flags['dryRun'] === true
    using _said = sayWhenInterrupted(isDryRun ? 'nothing was changed' : 'the same command goes on where this one ended')
    const options = {
      ...(isDryRun ? await services.emptyPlaceUnmade() : await services.emptyPlace()),
      archive: await services.archive(),
      backupId: flags['backup'] as string | undefined,
      clock: systemClock,
      events: composeEvents(systemClock),
      actor: cliActor,
      onRestored: showProgress('blobs'),
    }
    if (isDryRun) {
      const { backup, resumed } = await prepareRestore(options)
      const { count, bytes, damaged } = backup.blobs
      return {
        good: damaged.length === 0,
        text: [
          `backup ${backup.id} of ${backup.finishedAt}: ${counted(count, 'blob')}, ${formatBytes(bytes)}${resumed ? '; a restore of it was begun here and would go on' : ''}`,
          ...damaged.map(({ digest, reason }) => `not in it: ${digest}: ${reason}`),
          'nothing was changed',
        ].join('\n'),
        json: { id: backup.id, resumed, blobs: backup.blobs },
      }
    }
    const { backup, blobs, bytes, rows, damaged } = await restoreBackup(options)
    return {
      good: damaged.length === 0,
      text: [
        `restored backup ${backup.id}: ${blobs - damaged.length} blobs, ${formatBytes(bytes)}, ${rows} rows`,
        ...damaged.map(
          (digest) => `WITHOUT GOOD BYTES: ${digest}: push it again, or berth restore --blob ${digest} --from …`,
        ),
        ...(await sayWhichKeyIsNeeded(services.config, options.database)),
        `people sign in again; start it: berth serve`,
      ].join('\n'),
      json: { id: backup.id, blobs, bytes, rows, damaged },
    }
  },
}

async function restoreBlob(services: ArchiveServices, text: string): Promise<JudgedOutcome> {
  const digest = parseDigest(text)
  const { size } = await healBlob(
    {
      database: await services.database(),
      store: await services.store(),
      archive: await services.archive(),
      clock: systemClock,
      events: composeEvents(systemClock),
      actor: cliActor,
    },
    digest,
  )
  return { good: true, text: `${digest}: ${formatBytes(size)} are in their place again`, json: { digest, size } }
}

export function registerRestoreCommand(program: Command): void {
  setArchiveCommand(program.command('restore'), restoreCommand)
}
