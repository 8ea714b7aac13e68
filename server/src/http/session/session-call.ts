import type { Actor } from '../../domain/access/actor.ts'
import { DomainError } from '../../domain/errors.ts'
import { isFromAnotherSite, isPageOf } from '../other-sites.ts'

/** A request below /c/. */
export interface SessionCall {
  readonly request: Request
  /** Behind `/c/`. */
  readonly path: string
  readonly actor: Actor
  readonly clientAddress: string
  body(): AsyncIterable<Uint8Array> | undefined
}

/**
 * Harbor's portal signs out by a GET, which any page could make a browser send. Browsers say whose page it was.
 * @throws DomainError FORBIDDEN for a page of another site
 */
export function assertOwnPage(request: Request, origin: string): void {
  if (!isFromAnotherSite(request, (page) => isPageOf(page, [origin, request.url]))) return
  throw new DomainError('FORBIDDEN', 'a page of another site cannot sign people out; sign out from the console')
}

const maxBodyBytes = 64 * 1024

/** Undefined when it is too long. */
export async function readBytes(call: SessionCall): Promise<Buffer<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of call.body() ?? []) {
    length += chunk.byteLength
    if (length > maxBodyBytes) return undefined
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
