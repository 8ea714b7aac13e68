import { counted } from '../../counted.ts'
import { formatBytes } from '../../format-bytes.ts'
import { assertArchive, getBackup, listBackupIds } from '#server/domain/backup/backup-format.ts'
import { formatTable } from '../../output.ts'
import { type ArchiveCommand } from '../../archive-command.ts'

export const listBackups: ArchiveCommand = {
  description: 'list the finished backups of a place, the newest first',
  example: 'berth backup list --from /mnt/backups',
  archive: '--from',
  async run(services) {
    const archive = await services.archive()
    await assertArchive(archive)
    const backups = []
    for (const id of await listBackupIds(archive)) backups.push(await getBackup(archive, id))
    const rows = backups.map(({ id, finishedAt, program, blobs }) => [
      id,
      finishedAt,
      program,
      String(blobs.count),
      formatBytes(blobs.bytes),
      blobs.damaged.length === 0 ? '' : `lacks ${counted(blobs.damaged.length, 'blob')}`,
    ])
    return {
      good: true,
      text: formatTable([['BACKUP', 'FINISHED', 'BERTH', 'BLOBS', 'SIZE', ''], ...rows]),
      json: backups.map(({ id, startedAt, finishedAt, program, blobs }) => ({
        id,
        startedAt,
        finishedAt,
        program,
        blobs,
      })),
    }
  },
}
