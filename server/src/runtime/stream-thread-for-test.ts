import { serveStreams } from './stream-worker.ts'

/** Counts bytes, and misbehaves when it is told to. */
serveStreams(async (request, open) => {
  const { act, passes = 1 } = request as { act?: string; passes?: number }
  if (act === 'throw') throw new Error('the handler says no')
  if (act === 'hang') for (;;);
  if (act === 'exit') process.exit(3)
  const counts: number[] = []
  for (let pass = 0; pass < passes; pass++) {
    let bytes = 0
    for await (const chunk of open()) {
      bytes += chunk.length
      if (act === 'break' && pass === 0) break
    }
    counts.push(bytes)
  }
  return counts
})
