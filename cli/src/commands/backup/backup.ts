import { formatBytes } from '../../format-bytes.ts'
import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { composeEvents } from '#server/compose/events.ts'
import { systemClock } from '#server/domain/clock.ts'
import { createBackup } from '#server/domain/backup/create-backup.ts'
import { version } from '#server/version.ts'
import { cliActor, progressLine, setArchiveCommand, type ArchiveCommand } from '../../archive-command.ts'
import { CommandError } from '../../command-error.ts'
import { untilInterrupted } from '../../interruption.ts'
import { listBackups } from './list.ts'
import { verifyStoredBackup } from './verify.ts'

const createCommand: ArchiveCommand = {
  description: 'copy database and blobs of the registry, while it runs; only what the place lacks is copied',
  example: 'berth backup --to /mnt/backups --keep 14',
  archive: '--to',
  configure: (command) => command.option('--keep <number>', 'how many backups stay (default: the setting backup.keep)'),
  async run(services, flags) {
    const keep = keepOf(flags['keep']) ?? services.config.backup.keep
    using interruption = untilInterrupted('what was copied is kept, and the next backup need not copy it again')
    const { backup, copied, pruned } = await createBackup({
      signal: interruption.signal,
      database: await services.database(),
      store: await services.store(),
      archive: await services.archive(),
      clock: systemClock,
      events: composeEvents(systemClock),
      actor: cliActor,
      program: version,
      idTail: randomBytes(3).toString('hex'),
      keep,
      onCopied: progressLine('blobs'),
    })
    const { damaged } = backup.blobs
    const lines = [
      `backup ${backup.id}: ${backup.blobs.count} blobs, ${formatBytes(backup.blobs.bytes)}; new: ${copied.newBlobs}, ${formatBytes(copied.newBytes)}`,
      ...(backup.blobs.count === 0 ? ['WARNING: no blobs: is this the registry that you mean?'] : []),
      ...(pruned.length === 0 ? [] : [`deleted: ${pruned.join(', ')}`]),
      ...damaged.map(({ digest, reason }) => `NOT IN IT: ${digest}: ${reason}`),
      ...(damaged.length === 0 ? [] : [`push these blobs again, or see what else is wrong: berth verify`]),
    ]
    return {
      good: damaged.length === 0,
      text: lines.join('\n'),
      json: {
        id: backup.id,
        blobs: backup.blobs,
        newBlobs: copied.newBlobs,
        newBytes: copied.newBytes,
        deleted: pruned,
      },
    }
  },
}

function keepOf(text: unknown): number | undefined {
  if (text === undefined) return undefined
  if (typeof text === 'string' && /^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new CommandError('--keep takes a whole number from 1 on', { kind: 'usage' })
}

export function registerBackupCommands(program: Command): void {
  const backup = program.command('backup').enablePositionalOptions()
  setArchiveCommand(backup, createCommand)
  setArchiveCommand(backup.command('list'), listBackups)
  setArchiveCommand(backup.command('verify'), verifyStoredBackup)
}
