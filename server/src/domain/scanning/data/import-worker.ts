import { serveStreams } from '../../../runtime/stream-worker.ts'
import { AdvisoryFileWriter } from './advisory-file.ts'
import { importAdvisories, NothingToImport, type ImportOptions, type ImportResult } from './import-advisories.ts'

export interface ImportRequest {
  readonly from: string
  /** The advisory file that is written. */
  readonly into: string
  readonly options: Omit<ImportOptions, 'onProgress' | 'signal'>
}

export type ImportAnswer =
  | { readonly kind: 'imported'; readonly result: ImportResult }
  | { readonly kind: 'refused'; readonly reason: string }

/** The thread of import-threads.ts: imports one file after another. */
serveStreams(async (request): Promise<ImportAnswer> => {
  const { from, into, options } = request as ImportRequest
  using writer = new AdvisoryFileWriter(into)
  try {
    return { kind: 'imported', result: await importAdvisories(from, writer, options) }
  } catch (error) {
    if (error instanceof NothingToImport) return { kind: 'refused', reason: error.message }
    throw error
  }
})
