import { parentPort } from 'node:worker_threads'

export type ToThread =
  | { readonly kind: 'run'; readonly request: unknown }
  | { readonly kind: 'chunk'; readonly pass: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly pass: number }

export type FromThread =
  | { readonly kind: 'ready' }
  /** From the first byte on; also the second time. What comes of an earlier pass is too late. */
  | { readonly kind: 'open'; readonly pass: number }
  /** One chunk was taken: another may come. */
  | { readonly kind: 'more'; readonly pass: number }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly message: string }

export type StreamHandler = (request: unknown, open: () => AsyncIterable<Uint8Array>) => Promise<unknown>

/** The side of `StreamThreads` in the thread: runs one request after another. */
export function serveStreams(handler: StreamHandler): void {
  let pass = 0
  let arrived: Uint8Array[] = []
  let isEnd = false
  let wake = () => {}

  async function* open(): AsyncGenerator<Uint8Array, void> {
    const own = ++pass
    arrived = []
    isEnd = false
    send({ kind: 'open', pass })
    while (own === pass) {
      const chunk = arrived.shift()
      if (chunk !== undefined) {
        yield chunk
        send({ kind: 'more', pass })
      } else if (isEnd) return
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }

  parentPort?.on('message', (message: ToThread) => {
    if (message.kind === 'run') {
      handler(message.request, open).then(
        (value) => send({ kind: 'done', value }),
        (error: unknown) => send({ kind: 'failed', message: String((error as Error)?.message ?? error).slice(0, 500) }),
      )
      return
    }
    if (message.pass !== pass) return
    if (message.kind === 'end') isEnd = true
    else arrived.push(message.bytes)
    wake()
  })
  send({ kind: 'ready' })
}

function send(message: FromThread): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(message)
}
