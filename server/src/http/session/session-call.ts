import type { Actor } from '../../domain/access/actor.ts'

/** A request below /c/. */
export interface SessionCall {
  readonly request: Request
  /** Behind `/c/`. */
  readonly path: string
  readonly actor: Actor
  readonly clientAddress: string
  body(): AsyncIterable<Uint8Array> | undefined
}

const longestBody = 64 * 1024

/** Undefined when it is too long. */
export async function readBytes(call: SessionCall): Promise<Buffer<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of call.body() ?? []) {
    length += chunk.byteLength
    if (length > longestBody) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export async function readBody(call: SessionCall): Promise<string | undefined> {
  return (await readBytes(call))?.toString('utf8')
}

export function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(text, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
  })
}
