import { counted } from '../../counted.ts'
import { showProgress } from '../../progress.ts'
import { formatBytes } from '../../format-bytes.ts'
import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { composeEvents } from '#server/compose/events.ts'
import { systemClock } from '#server/domain/clock.ts'
import { listBackupIds } from '#server/domain/backup/backup-format.ts'
import { createBackup } from '#server/domain/backup/create-backup.ts'
import { version } from '#server/version.ts'
import { cliActor, setArchiveCommand, type ArchiveCommand, type ArchiveServices } from '../../archive-command.ts'
import { confirm, isDryRun } from '../../confirm.ts'
import { CommandError } from '../../command-error.ts'
import { sayWhatIsKeptApart } from '../../outer-key-note.ts'
import { untilInterrupted } from '../../interruption.ts'
import { listBackups } from './list.ts'
import { showBackupSchedule } from './outlook.ts'
import { verifyStoredBackup } from './verify.ts'

const createCommand: ArchiveCommand = {
  description: 'copy database and blobs of the registry, while it runs; only what the place lacks is copied',
  example: 'berth backup --to /mnt/backups --keep 14',
  archive: '--to',
  timed: true,
  configure: (command) =>
    void command
      .option('--keep <number>', 'how many backups stay (default: the setting backup.keep)')
      .option('--dry-run', 'only say which older backups would go')
      .option('-y, --yes', 'delete older backups without asking; nobody is asked where there is no terminal'),
  async run(services, flags) {
    const keep = keepOf(flags['keep']) ?? services.config.backup.keep
    const going = keep === undefined ? [] : await listBackupsBeyond(services, keep)
    if (isDryRun(flags)) return presentDryRun(going)
    // On a terminal a slip in the number is noticed; a timer has said what it wants.
    if (going.length > 0 && flags['keep'] !== undefined && process.stdin.isTTY === true)
      await confirm(`these backups go when the new one is there: ${going.join(', ')}`, flags)
    using interruption = untilInterrupted('what was copied is kept, and the next backup need not copy it again')
    const database = await services.database()
    const { backup, copied, pruned } = await createBackup({
      signal: interruption.signal,
      database,
      store: await services.store(),
      archive: await services.archive(),
      clock: systemClock,
      events: composeEvents(systemClock),
      actor: cliActor,
      program: version,
      idTail: randomBytes(3).toString('hex'),
      keep,
      onCopied: showProgress('blobs'),
    })
    const { damaged } = backup.blobs
    const lines = [
      `backup ${backup.id}: ${counted(backup.blobs.count, 'blob')}, ${formatBytes(backup.blobs.bytes)}; new: ${copied.newBlobs}, ${formatBytes(copied.newBytes)}`,
      ...(backup.blobs.count === 0 ? ['WARNING: no blobs: is this the registry that you mean?'] : []),
      ...(pruned.length === 0 ? [] : [`deleted: ${pruned.join(', ')}`]),
      ...(await sayWhatIsKeptApart(services.config, database)),
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

/** Those that one more would push out, the newest first. */
async function listBackupsBeyond(services: ArchiveServices, keep: number): Promise<string[]> {
  return (await listBackupIds(await services.archive())).slice(keep - 1)
}

function presentDryRun(going: readonly string[]) {
  const lines = going.length === 0 ? ['no older backup would go'] : [`these would go: ${going.join(', ')}`]
  return { good: true, text: [...lines, 'nothing was changed'].join('\n'), json: { deleted: going, dryRun: true } }
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
  setArchiveCommand(backup.command('schedule'), showBackupSchedule)
}
