import { counted } from '../counted.ts'
import { formatBytes } from '../format-bytes.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { systemClock } from '#server/domain/clock.ts'
import {
  discardUnreferenced,
  verifyStore,
  type Verification,
  type VerifyOptions,
} from '#server/domain/verification/verify-store.ts'
import { DatabaseLost } from '#server/domain/verification/lost-database.ts'
import { placesOf } from '#server/compose/places.ts'
import { confirm, isDryRun } from '../confirm.ts'
import { showProgress } from '../progress.ts'
import { sayWhenInterrupted } from '../interruption.ts'
import { setArchiveCommand, type ArchiveCommand } from '../archive-command.ts'

const verifyCommand: ArchiveCommand = {
  description: 'compare database and store, both ways: rows without bytes, bytes without rows; best while nothing runs',
  example: 'berth verify --digests',
  timed: true,
  configure: (command) =>
    command
      .option('--digests', 'read all bytes and compare them with their digests')
      .option('--discard', 'hand bytes without rows to garbage collection')
      .option('--dry-run', 'with --discard: only say what would go')
      .option('-y, --yes', 'discard without asking; needed where there is no terminal'),
  async run(services, flags) {
    const folder = mkdtempSync(join(tmpdir(), 'berth-verify-'))
    try {
      const options = {
        database: await services.database(),
        store: await services.store(),
        clock: systemClock,
        digests: flags['digests'] === true,
        onRead: readProgress(),
        temporaryFile: join(folder, 'known.db'),
      }
      const found = await judged(options)
      const discard = flags['discard'] === true && !isDryRun(flags)
      if (found.databaseLost) throw new DatabaseLost(placesOf(services.config))
      if (discard && hasGarbage(found)) {
        await confirm(describeDiscard(found), flags)
        await discardUnreferenced(options, found)
      }
      return {
        good: [found.pages, found.rows, found.damaged, found.manifests].every((wrong) => wrong.length === 0),
        text: presentVerification(found, { discard, digests: options.digests }),
        json: { ...found, discarded: discard },
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

function readProgress(): NonNullable<VerifyOptions['onRead']> {
  const show = showProgress('blobs read')
  return ({ blobs, bytes }) => show({ count: blobs, bytes })
}

async function judged(options: VerifyOptions): Promise<Verification> {
  using _said = sayWhenInterrupted('nothing was changed')
  return await verifyStore(options)
}

const hasGarbage = ({ unreferenced, staged }: Verification): boolean => unreferenced.length + staged.length > 0

function describeDiscard({ blobs, bytes, unreferenced, staged }: Verification): string {
  const size = unreferenced.reduce((sum, each) => sum + each.size, 0)
  const share = Math.round((100 * size) / Math.max(1, size + bytes))
  return (
    `${unreferenced.length} of ${blobs + unreferenced.length} blobs (${formatBytes(size)}, ${share} % of the store) ` +
    `and ${staged.length} uploads that the database does not know are deleted for good`
  )
}

function presentDatabase({ pages, rows }: Verification): string[] {
  if (pages.length > 0) {
    return [
      ...pages.map((page) => `✗ the database is damaged: ${page}`),
      '    stop the registry, keep the file, and restore a backup into an empty place: berth restore --from <place of the backups> --data <new folder>',
      'nothing else was judged',
    ]
  }
  const lines = rows.map(({ problem, count, examples }) => `✗ ${count} ${problem}: ${examples.join(', ')}`)
  return rows.length === 0
    ? []
    : [...lines, '    push these images again, or restore a backup: the database was damaged']
}

function presentVerification(found: Verification, options: { discard: boolean; digests: boolean }): string {
  const database = presentDatabase(found)
  return (found.pages.length > 0 ? database : [...database, presentStore(found, options, database.length === 0)]).join(
    '\n',
  )
}

function presentStore(
  { blobs, bytes, damaged, manifests, unreferenced, young, staged }: Verification,
  { discard, digests }: { discard: boolean; digests: boolean },
  rowsAreGood: boolean,
): string {
  const lines = [`${blobs} blobs, ${formatBytes(bytes)}${digests ? ', all read' : ''}`]
  for (const { digest, problem, repositories } of damaged) {
    lines.push(`✗ ${digest}: ${problem}${repositories.length === 0 ? '' : `, in ${repositories.join(', ')}`}`)
  }
  if (damaged.length > 0) {
    lines.push(`    push these blobs again, or berth restore --blob <digest> --from <place of the backups>`)
  }
  for (const { repository, digest } of manifests) lines.push(`✗ ${repository}@${digest}: the manifest has other bytes`)
  if (manifests.length > 0) lines.push('    delete these artifacts and push them again: the database was damaged')
  if (unreferenced.length + staged.length > 0) {
    const size = unreferenced.reduce((sum, each) => sum + each.size, 0)
    lines.push(
      `! ${counted(unreferenced.length, 'blob')} and ${counted(staged.length, 'upload')} in the store that the database does not know, ${formatBytes(size)}`,
      discard
        ? '    handed to garbage collection: they are deleted some minutes after the next start'
        : `    berth verify --discard gives them to garbage collection`,
    )
  }
  const judged = lines.length === 1 && rowsAreGood
  if (young.blobs > 0) {
    lines.push(
      `${young.blobs} blobs without a row are younger than a day, ${formatBytes(young.bytes)}: not judged, a push may be under way`,
    )
  }
  if (judged) lines.push(`every row has its bytes, and all ${young.blobs > 0 ? 'older ' : ''}bytes have a row`)
  if (!digests) lines.push(`whether the bytes are the right ones: berth verify --digests`)
  return lines.join('\n')
}

export function registerVerifyCommand(program: Command): void {
  setArchiveCommand(program.command('verify'), verifyCommand)
}
