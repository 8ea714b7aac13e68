import { Worker } from 'node:worker_threads'
import { readText, type TextBudget } from '#contract/budget.ts'
import { ContractError } from '#contract/contract-error.ts'

export interface YamlRequest {
  readonly text: string
  readonly maxDepth: number
  readonly maxValues: number
}

export type YamlReply = { readonly value: unknown } | { readonly refused: string }

/** Too many texts wait for the thread already: trying again a little later is right. */
export class ParserBusy extends Error {
  override readonly name = 'ParserBusy'
}

export interface YamlThreadOptions {
  /** A text that takes longer is refused, and its thread ended. */
  readonly deadlineMs: number
  readonly maxWaiting: number
}

/**
 * Parses YAML that somebody else wrote in a thread, since no budget of bytes makes YAML cheap: a text that takes too
 * long loses its thread and nothing else. The thread starts with the first text.
 */
export class YamlThread {
  readonly #options: YamlThreadOptions
  #worker: Worker | undefined
  /** The end of the line: each text waits for the one before it. */
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(options: YamlThreadOptions) {
    this.#options = options
  }

  /** @throws ContractError TEXT_INVALID beyond its budget, no YAML, or too slow; ParserBusy */
  async parse(written: string, budget: TextBudget): Promise<unknown> {
    const { maxDepth, maxValues, subject } = budget
    const text = readText(written, budget)
    if (this.#waiting >= this.#options.maxWaiting) throw new ParserBusy('too many texts wait to be parsed')
    this.#waiting += 1
    const reply = this.#last.then(() => this.#ask({ text, maxDepth, maxValues }))
    this.#last = reply.catch(() => {})
    try {
      const answer = await reply
      if ('refused' in answer) throw new ContractError('TEXT_INVALID', `${subject} ${answer.refused}`)
      return answer.value
    } finally {
      this.#waiting -= 1
    }
  }

  async #ask(request: YamlRequest): Promise<YamlReply> {
    const worker = (this.#worker ??= await startWorker())
    const { promise, resolve } = Promise.withResolvers<YamlReply>()
    const end = (reply: YamlReply) => {
      this.#worker = undefined
      void worker.terminate()
      resolve(reply)
    }
    const deadline = setTimeout(() => end({ refused: 'takes too long to read' }), this.#options.deadlineMs)
    worker.once('message', resolve)
    worker.once('error', (error: Error) => end({ refused: `cannot be read: ${error.message.slice(0, 200)}` }))
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(request)
    try {
      return await promise
    } finally {
      clearTimeout(deadline)
      worker.removeAllListeners()
    }
  }
}

/** In the executable, files that threads run have the paths that they have in the project, compiled. */
const program = import.meta.url.includes('/$bunfs/')
  ? new URL('./server/src/runtime/yaml-worker.js', import.meta.url)
  : new URL('./yaml-worker.ts', import.meta.url)

/** A thread that has said that it is ready: its start is no part of anybody's deadline. */
async function startWorker(): Promise<Worker> {
  const worker = new Worker(program)
  worker.unref() // must not keep the process alive
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
  worker.removeAllListeners()
  return worker
}

const standard = new YamlThread({ deadlineMs: 3_000, maxWaiting: 16 })

/** YAML that somebody else wrote, parsed off the event loop. Throws as `YamlThread.parse`. */
export const parseForeignYaml = (written: string, budget: TextBudget): Promise<unknown> =>
  standard.parse(written, budget)
