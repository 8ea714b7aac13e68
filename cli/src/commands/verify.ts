import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { systemClock } from '#server/domain/clock.ts'
import { discardUnreferenced, verifyStore, type Verification } from '#server/domain/verification/verify-store.ts'
import { formatBytes, setArchiveCommand, type ArchiveCommand } from '../archive-command.ts'
import { programName } from '../program-name.ts'

const verifyCommand: ArchiveCommand = {
  description: 'compare database and store, both ways: rows without bytes, bytes without rows; best while nothing runs',
  example: 'berth verify --digests',
  configure: (command) =>
    command
      .option('--digests', 'read all bytes and compare them with their digests')
      .option('--discard', 'hand bytes without rows to garbage collection'),
  async run(services, flags) {
    const folder = mkdtempSync(join(tmpdir(), 'berth-verify-'))
    try {
      const options = {
        database: services.database(),
        store: await services.store(),
        clock: systemClock,
        digests: flags['digests'] === true,
        temporaryFile: join(folder, 'known.db'),
      }
      const found = await verifyStore(options)
      const discard = flags['discard'] === true
      if (discard) await discardUnreferenced(options, found)
      return {
        good: found.damaged.length === 0 && found.manifests.length === 0,
        text: presentVerification(found, { discard, digests: options.digests }),
        json: { ...found, discarded: discard },
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

function presentVerification(
  { blobs, bytes, damaged, manifests, unreferenced, staged }: Verification,
  { discard, digests }: { discard: boolean; digests: boolean },
): string {
  const lines = [`${blobs} blobs, ${formatBytes(bytes)}${digests ? ', all read' : ''}`]
  for (const { digest, problem, repositories } of damaged) {
    lines.push(`✗ ${digest}: ${problem}${repositories.length === 0 ? '' : `, in ${repositories.join(', ')}`}`)
  }
  if (damaged.length > 0) {
    lines.push(`    push these blobs again, or ${programName} restore --blob <digest> --from <place of the backups>`)
  }
  for (const { repository, digest } of manifests) lines.push(`✗ ${repository}@${digest}: the manifest has other bytes`)
  if (manifests.length > 0) lines.push('    delete these artifacts and push them again: the database was damaged')
  if (unreferenced.length + staged.length > 0) {
    const size = unreferenced.reduce((sum, each) => sum + each.size, 0)
    lines.push(
      `! ${unreferenced.length} blobs and ${staged.length} uploads in the store that the database does not know, ${formatBytes(size)}`,
      discard
        ? '    handed to garbage collection: they are deleted some minutes after the next start'
        : `    ${programName} verify --discard gives them to garbage collection`,
    )
  }
  if (lines.length === 1) lines.push('every row has its bytes, and all bytes have a row')
  if (!digests) lines.push(`whether the bytes are the right ones: ${programName} verify --digests`)
  return lines.join('\n')
}

export function registerVerifyCommand(program: Command): void {
  setArchiveCommand(program.command('verify'), verifyCommand)
}
