import { z } from 'zod'
import { sbomFormats } from '../../../domain/scanning/sboms/sbom-format.ts'
import type { StoredSbom } from '../../../domain/scanning/sboms/stored-sboms.ts'
import type { SbomRun } from '../../../domain/scanning/sboms/sbom-runs.ts'
import { isUnfinished } from '../../../domain/scanning/scan-progress.ts'
import { noTime, timeAnswer, timeOf } from '../frame/answers.ts'
import { builtInScanner, merged, scannerAnswer, statusWords } from './scan-answer.ts'

export const sbomOverviewAnswer = z.object({
  start_time: timeAnswer,
  end_time: timeAnswer,
  scan_status: z.string(),
  sbom_digest: z.string().optional(),
  report_id: z.string().optional(),
  duration: z.number().int().optional(),
  scanner: scannerAnswer.optional(),
  format: z.enum(sbomFormats).optional().describe('Beyond Harbor: the form of the SBOM.'),
  error: z.string().optional().describe('Beyond Harbor: why none could be made.'),
})

export type SbomOverview = z.output<typeof sbomOverviewAnswer>

/** What is known of the SBOM of one image. Undefined when there is none and none was asked for. */
export function sbomOverviewOf(run: SbomRun | undefined, sbom: StoredSbom | undefined): SbomOverview | undefined {
  // A run that ended well tells of what it made; when that is gone, there is nothing to tell.
  if (run === undefined || run.status === 'success') return sbom === undefined ? undefined : madeOf(run, sbom)
  return {
    ...timesOf([run]),
    scan_status: statusWords[run.status],
    report_id: run.reportId,
    ...digestOf(sbom),
    ...(run.status === 'error' && run.error !== undefined ? { error: run.error } : {}),
  }
}

/** An SBOM that came by a copy, a restore or a push has no run. */
function madeOf(run: SbomRun | undefined, sbom: StoredSbom): SbomOverview {
  const times = run === undefined ? { startedAt: sbom.pushedAt, finishedAt: sbom.pushedAt } : run
  return {
    ...timesOf([{ ...times, status: 'success' }]),
    scan_status: statusWords.success,
    ...digestOf(sbom),
    ...(sbom.isGenerated ? { scanner: builtInScanner } : {}),
  }
}

const digestOf = (sbom: StoredSbom | undefined) =>
  sbom === undefined ? {} : { sbom_digest: sbom.digest, format: sbom.format }

/** Of an index, whose images have SBOMs of their own: how far they all are. */
export function sbomOverviewOfIndex(runs: readonly SbomRun[]): SbomOverview | undefined {
  if (runs.length === 0) return undefined
  const status = runs.map((run) => run.status).reduce(merged)
  return { ...timesOf(runs), scan_status: statusWords[status] }
}

type Timed = Pick<SbomRun, 'startedAt' | 'finishedAt' | 'status'>

function timesOf(runs: readonly Timed[]) {
  const starts = runs.flatMap(({ startedAt }) => startedAt ?? [])
  const ends = runs.some(({ status }) => isUnfinished(status)) ? [] : runs.flatMap(({ finishedAt }) => finishedAt ?? [])
  const [start, end] = [Math.min(...starts), Math.max(...ends)]
  const seconds = Math.floor((end - start) / 1_000)
  return {
    start_time: starts.length === 0 ? noTime : timeOf(start),
    end_time: ends.length === 0 ? noTime : timeOf(end),
    ...(seconds > 0 && Number.isFinite(seconds) ? { duration: seconds } : {}),
  }
}
