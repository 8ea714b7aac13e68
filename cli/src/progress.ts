import type { BlobProgress } from '#server/domain/backup/blob-progress.ts'
import { formatBytes } from './format-bytes.ts'

/** Where progress is shown, and by which clock. */
export interface ProgressSurroundings {
  readonly isTerminal: boolean
  readonly write: (text: string) => void
  readonly now: () => number
}

const standardError: ProgressSurroundings = {
  isTerminal: process.stderr.isTTY === true,
  write: (text) => void process.stderr.write(text),
  now: () => performance.now(),
}

/** Between two pictures of the line on a terminal, and between two lines elsewhere. */
const everyMs = { terminal: 200, elsewhere: 30_000 }

/**
 * Says how far something has come, with bytes, rate and time left: on a terminal in one line that is written over,
 * elsewhere (a log of cron) a line now and then.
 */
export function showProgress(
  what: string,
  { isTerminal, write, now }: ProgressSurroundings = standardError,
): (progress: Partial<BlobProgress> & Pick<BlobProgress, 'count'>) => void {
  const startedAt = now()
  let shownAt = startedAt
  let width = 0
  return (progress) => {
    const at = now()
    const isEnd = progress.total !== undefined && progress.count >= progress.total
    if (at - shownAt < (isTerminal ? everyMs.terminal : everyMs.elsewhere) && !(isEnd && isTerminal)) return
    shownAt = at
    const line = `${what}: ${describeProgress(progress, (at - startedAt) / 1_000)}`
    if (!isTerminal) return write(`${line}\n`)
    write(`\r${line.padEnd(width)}${isEnd ? '\n' : ''}`)
    width = line.length
  }
}

function describeProgress(progress: Partial<BlobProgress> & Pick<BlobProgress, 'count'>, seconds: number): string {
  const { count, total, bytes, totalBytes } = progress
  const done = [`${count}${total === undefined ? '' : ` of ${total}`}`]
  if (bytes !== undefined)
    done.push(`${formatBytes(bytes)}${totalBytes === undefined ? '' : ` of ${formatBytes(totalBytes)}`}`)
  if (bytes !== undefined && seconds > 0) done.push(`${formatBytes(bytes / seconds)}/s`)
  const share = shareOf(progress)
  if (share !== undefined && share > 0 && share < 1 && seconds >= 1)
    done.push(`${formatDuration(seconds / share - seconds)} left`)
  return done.join(', ')
}

/** By bytes where all of them are known: blobs are of very different sizes. */
function shareOf({ count, total, bytes, totalBytes }: Partial<BlobProgress>): number | undefined {
  if (bytes !== undefined && totalBytes !== undefined && totalBytes > 0) return bytes / totalBytes
  return count === undefined || total === undefined || total === 0 ? undefined : count / total
}

/** `1 h 5 min`, `12 s`, `0.4 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min ${whole % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
