import type { Reader, Writer } from '../../database/database.ts'
import { batches } from '../lists/batches.ts'
import { readBoundedRows } from '../lists/bounded-rows.ts'
import type { LogEntry } from './queue.ts'

export interface LogLine {
  /** From 1. */
  readonly number: number
  readonly at: number
  readonly line: string
}

/** The lines of a job's log end here. */
export const maxLogLines = 100_000
const maxLineLength = 4_096
const insertBatch = 200

/** Writes behind the `logLines` that the job has. The caller has raised that number, holding the job's row. */
export async function appendLog(
  tx: Writer,
  { id, logLines }: { readonly id: number; readonly logLines: number },
  entries: readonly LogEntry[],
): Promise<void> {
  const rows = entries
    .map(({ at, line }, index) => ({
      job_id: id,
      number: logLines + index + 1,
      written_at: at,
      // PostgreSQL's text has no NUL.
      line: line.slice(0, maxLineLength).replaceAll('\0', '�'),
    }))
    .filter(({ number }) => number <= maxLogLines)
  if (rows.at(-1)?.number === maxLogLines) rows.at(-1)!.line = 'the log is full: what comes is not written'
  for (const batch of batches(rows, insertBatch)) await tx.insertInto('job_log').values(batch).execute()
}

/** The lines behind `after`, `limit` at the most; fewer when they are long. */
export async function readLog(reader: Reader, jobId: number, after: number, limit: number): Promise<LogLine[]> {
  const { rows } = await readBoundedRows(
    limit,
    (some, last: LogLine | undefined) => readLines(reader, jobId, last?.number ?? after, some),
    ({ line }) => line.length,
    maxPageCharacters,
  )
  return [...rows]
}

/** Lines are short as a rule, and streams read many of them. */
const maxPageCharacters = 1 << 20

async function readLines(reader: Reader, jobId: number, after: number, limit: number): Promise<LogLine[]> {
  const rows = await reader
    .selectFrom('job_log')
    .select(['number', 'written_at', 'line'])
    .where('job_id', '=', jobId)
    .where('number', '>', after)
    .orderBy('number')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ number: row.number, at: row.written_at, line: row.line }))
}
