import { z } from 'zod'
import type { Database } from '../database/database.ts'
import type { Clock } from '../domain/clock.ts'
import { exportScanDataJob, type ExportScanDataPayload } from '../domain/scanning/exports/export-job.ts'
import { exportHeader, exportLines } from '../domain/scanning/exports/export-rows.ts'
import { listExportedImages, walkReports } from '../domain/scanning/exports/exported-images.ts'
import { appendChunk, exportKeptMs, packChunk } from '../domain/scanning/exports/scan-data-exports.ts'
import { PermanentFailure, type JobKind, type RunningJob } from './job-kind.ts'

export interface ExportServices {
  readonly database: Database
  readonly clock: Clock
}

const imagesPerStep = 20
const chunkCharacters = 1024 * 1024
/** Of one file. A larger one fails: one that is cut would look whole. */
const maxFileBytes = 1024 * 1024 * 1024

const stateSchema = z.object({
  /** Id of the last artifact that is in the file. */
  after: z.number(),
  chunks: z.number(),
  rows: z.number(),
  bytes: z.number(),
  expiresAt: z.number(),
})
type State = z.output<typeof stateSchema>

/** Writes what scanners found into a file, image by image; one that was interrupted goes on behind its last image. */
export function composeExportScanData({ database, clock }: ExportServices): JobKind<ExportScanDataPayload> {
  return {
    name: exportScanDataJob.kind,
    concurrency: { registry: 2 },
    maxAttempts: 5,
    parse: exportScanDataJob.parse,
    async run(job) {
      const first = { after: 0, chunks: 0, rows: 0, bytes: 0, expiresAt: clock.now() + exportKeptMs }
      let state = stateSchema.safeParse(job.state).data ?? first
      for (;;) {
        job.signal.throwIfAborted()
        const { last, images } = await listExportedImages(database.read, job.payload, state.after, imagesPerStep)
        if (last === undefined) break
        const gathered = new Lines(state)
        for (const image of images)
          for await (const report of walkReports(database.read, image)) {
            job.signal.throwIfAborted()
            for (const line of exportLines(image, report, job.payload.cveIds)) gathered.add(line)
            await gathered.pack()
          }
        state = await write(job, gathered, { ...state, after: last })
        job.progress({ step: 'export', rows: state.rows, bytes: state.bytes })
      }
      job.log(state.rows === 0 ? 'No vulnerabilities found or matched' : `${state.rows} rows, ${state.bytes} bytes`)
      return { rows: state.rows, bytes: state.bytes }
    },
  }
}

/** The lines of one step; what is full is packed at once. */
class Lines {
  readonly packed: { readonly bytes: Uint8Array }[] = []
  rows: number
  bytes: number
  #text = ''

  constructor({ rows, bytes }: State) {
    this.rows = rows
    this.bytes = bytes
  }

  add(line: string): void {
    const text = this.rows === 0 ? exportHeader + line : line
    this.rows += 1
    this.bytes += Buffer.byteLength(text)
    this.#text += text
    if (this.bytes > maxFileBytes)
      throw new PermanentFailure(
        `the file would have more than ${maxFileBytes} bytes: choose repositories, tags, labels or CVE ids`,
      )
  }

  /** @param isLast also what is not full */
  async pack(isLast = false): Promise<void> {
    if (this.#text === '' || (!isLast && this.#text.length < chunkCharacters)) return
    const text = this.#text
    this.#text = ''
    for (let start = 0; start < text.length; start += chunkCharacters * 8)
      this.packed.push(await packChunk(text.slice(start, start + chunkCharacters * 8)))
  }
}

/** Pieces and the memory of them are one transaction: no image is in the file twice. */
async function write(job: RunningJob<ExportScanDataPayload>, lines: Lines, state: State): Promise<State> {
  await lines.pack(true)
  const next = { ...state, chunks: state.chunks + lines.packed.length, rows: lines.rows, bytes: lines.bytes }
  await job.transact(async (tx, remember) => {
    for (const [at, { bytes }] of lines.packed.entries())
      await appendChunk(tx, { jobId: job.id, position: state.chunks + at, bytes, expiresAt: state.expiresAt })
    remember(next)
  })
  return next
}
