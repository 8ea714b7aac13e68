import { showProgress } from '../../progress.ts'
import { formatBytes } from '../../format-bytes.ts'
import { verifyBackup } from '#server/domain/backup/verify-backup.ts'
import { type ArchiveCommand } from '../../archive-command.ts'

export const verifyStoredBackup: ArchiveCommand = {
  description: 'read every byte of a backup and compare it with its digest',
  example: 'berth backup verify --from /mnt/backups',
  archive: '--from',
  timed: true,
  configure: (command) => command.option('--backup <id>', 'which backup (default: the newest)'),
  async run(services, flags) {
    const archive = await services.archive()
    const backupId = flags['backup'] as string | undefined
    const { backup, blobs, bytes, damaged } = await verifyBackup({
      archive,
      backupId,
      onVerified: showProgress('blobs'),
    })
    return {
      good: damaged.length === 0,
      text: [
        `backup ${backup.id}: ${blobs} blobs, ${formatBytes(bytes)} are as they were`,
        ...damaged.map(({ digest, reason }) => `${digest}: ${reason}`),
        ...(damaged.length === 0
          ? []
          : [
              `delete these files from ${archive.name}/blobs: the next backup copies them anew, if the registry has them`,
            ]),
      ].join('\n'),
      json: { id: backup.id, blobs, bytes, damaged },
    }
  },
}
