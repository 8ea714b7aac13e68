import { parentPort } from 'node:worker_threads'
import { parse } from 'yaml'
import type { YamlReply, YamlRequest } from './yaml-thread.ts'

/** The thread of yaml-thread.ts: parses one text after another, and says no more of each than its budget allows. */
parentPort?.on('message', ({ text, maxDepth, maxValues }: YamlRequest) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(parsed(text, maxDepth, maxValues))
})

// The library is there: deadlines may begin.
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage('ready')

function parsed(text: string, maxDepth: number, maxValues: number): YamlReply {
  try {
    const value: unknown = parse(text, {
      // Aliases that multiply are an attack on the reader: none is followed.
      maxAliasCount: 0,
      // Looking for keys that stand twice takes time in the square of their number.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    })
    const refused = whyBeyond(value, maxDepth, maxValues)
    return refused === undefined ? { value } : { refused }
  } catch (error) {
    return { refused: `is no YAML that can be read: ${(error as Error).message.slice(0, 200)}` }
  }
}

/** Counts level by level, so that no depth overflows the stack. */
function whyBeyond(value: unknown, maxDepth: number, maxValues: number): string | undefined {
  let values = 0
  for (let level: unknown[] = [value], depth = 0; level.length > 0; depth++) {
    values += level.length
    if (depth > maxDepth) return `is nested more than ${maxDepth} deep`
    if (values > maxValues) return `has more than ${maxValues} values`
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []))
  }
  return undefined
}
