import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { Command } from 'commander'
import { DatabaseUnavailable } from '#server/database/database.ts'
import { DomainError } from '#server/domain/errors.ts'
import type { ImportOptions, ImportServices } from '#server/domain/transfer/import-services.ts'
import { importContent } from '#server/domain/transfer/import-content.ts'
import { TransferReport } from '#server/domain/transfer/transfer-report.ts'
import { StorageFull, StorageUnavailable } from '#server/storage/blob-store.ts'
import type { ContentSource } from '#server/domain/transfer/content-source.ts'
import { CommandError } from '../../command-error.ts'
import { formatBytes } from '../../format-bytes.ts'
import { formatDuration } from '../../progress.ts'
import { exitCodeOf } from '../../exit-codes.ts'
import { addOutputFlag, isStructured, printOutcome, type Format } from '../../output.ts'
import { sayWhenInterrupted } from '../../interruption.ts'

const progressEveryMs = 5_000
const progressElsewhereMs = 30_000
/** Done, but not everything was taken. */
export const exitIncomplete = exitCodeOf('incomplete')
const shown = 20

export function addReportFlags(command: Command): Command {
  return addOutputFlag(command).option('--report <file>', 'write a line of JSON there for everything that is not taken')
}

export interface ReportFlags {
  readonly report?: string
  readonly output: Format
}

/** Imports content, says how far it is on standard error and what came of it on standard output. */
export async function runImport(
  services: ImportServices,
  source: ContentSource,
  options: ImportOptions,
  flags: ReportFlags,
): Promise<TransferReport> {
  const lines = flags.report === undefined ? undefined : createWriteStream(flags.report, { flags: 'w' })
  const report = new TransferReport((entry) => void lines?.write(`${JSON.stringify(entry)}\n`))
  using _said = sayWhenInterrupted('what was taken is here; the same command goes on where this one ended')
  const startedAt = performance.now()
  const everyMs = process.stderr.isTTY === true ? progressEveryMs : progressElsewhereMs
  const progress = setInterval(
    () => console.error(progressLine(report, (performance.now() - startedAt) / 1_000)),
    everyMs,
  )
  try {
    await importContent(services, source, options, report)
  } catch (error) {
    throw explainStop(error, report)
  } finally {
    clearInterval(progress)
    if (lines !== undefined) {
      lines.end()
      await finished(lines)
    }
  }
  if (!isStructured(flags.output)) console.error(`took ${formatDuration((performance.now() - startedAt) / 1_000)}`)
  return report
}

export function printReport(report: TransferReport, { output }: ReportFlags): void {
  printOutcome({ text: describeReport(report), json: report }, output)
  if (!report.isComplete) process.exitCode = exitIncomplete
}

export function describeReport({
  repositories,
  manifests,
  tags,
  blobs,
  bytes,
  projectsCreated,
  reasons,
  notTaken,
}: TransferReport): string {
  const lines = [
    `${repositories.taken} repositories; ${manifests.taken} manifests and ${tags.taken} tags taken, ` +
      `${manifests.alreadyHere} and ${tags.alreadyHere} were here already`,
    `${blobs.shared} blobs shared (${bytes.shared} bytes), ${blobs.copied} copied (${bytes.copied} bytes)`,
  ]
  if (projectsCreated.length > 0) lines.push(`projects created: ${projectsCreated.join(', ')}`)
  const counts = Object.entries(reasons)
  if (counts.length === 0) return [...lines, 'everything was taken'].join('\n')
  lines.push('', `NOT TAKEN: ${counts.map(([reason, count]) => `${count} ${reason}`).join(', ')}`)
  for (const { what, repository, name, reason, message } of notTaken.slice(0, shown)) {
    lines.push(`  ${what} ${repository}${name === '' ? '' : ` ${name}`}: ${reason}: ${message}`)
  }
  if (notTaken.length > shown) lines.push('  … all of them: --report FILE, or --output json')
  return lines.join('\n')
}

function progressLine({ repositories, manifests, tags, blobs, bytes }: TransferReport, seconds: number): string {
  const moved = bytes.shared + bytes.copied
  const rate = seconds > 0 ? `, ${formatBytes(moved / seconds)}/s` : ''
  const left = repositories.notTaken + manifests.notTaken + tags.notTaken + blobs.notTaken
  return `… ${repositories.taken} repositories done, ${manifests.taken} manifests, ${tags.taken} tags, ${formatBytes(moved)}${rate}, ${left} not taken`
}

const again = 'run the same command again when that is mended: it goes on where it stopped'

function explainStop(error: unknown, report: TransferReport): unknown {
  const known =
    error instanceof DomainError ||
    error instanceof StorageFull ||
    error instanceof StorageUnavailable ||
    error instanceof DatabaseUnavailable
  if (!known) return error
  const next =
    error instanceof DomainError && error.code === 'READ_ONLY' ? 'set read_only to false, then run it again' : again
  return new CommandError(`stopped after ${report.manifests.taken} manifests: ${error.message}`, { next, cause: error })
}
