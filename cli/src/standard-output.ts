import { exitCodeOf } from './exit-codes.ts'

/** A text and the end of its line. `console.log` of Bun hides that its reader is gone, so commands print with this. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A command whose reader has seen enough (`berth … | head`) ends without a word, as other programs do. */
export function endWithTheReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit(exitCodeOf('done'))
    })
  }
}
