import {
  createServer,
  request as send,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** What goes wrong with one request to the S3 server behind the proxy. */
export type S3Fault =
  /** The server is asked nothing: 500 InternalError, 503 SlowDown. */
  | { readonly kind: 'refuse'; readonly status: 500 | 503 }
  /** The connection is gone before anything was asked. */
  | { readonly kind: 'reset' }
  /** The server has done it, but nobody hears so. */
  | { readonly kind: 'lose-answer' }
  /** The answer ends after so many bytes of its body, with its connection. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The answer falls silent after so many bytes of its body. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** One bit of the answer's body is another one, somewhere. */
  | { readonly kind: 'damage' }
  | { readonly kind: 'delay'; readonly milliseconds: number }

export interface S3Call {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

export interface S3FaultProxy extends AsyncDisposable {
  readonly endpoint: string
  /** Asked for every request, in their order; undefined lets it pass. May be replaced at any time. */
  decide: (call: S3Call) => S3Fault | undefined
  /** Requests so far, those that went wrong among them. */
  readonly calls: number
  readonly faults: number
}

/** A proxy before a real S3 server that does to its clients what networks and overloaded stores do. */
export async function startS3FaultProxy(upstream: string): Promise<S3FaultProxy> {
  const target = new URL(upstream)
  const proxy = { decide: (_call: S3Call): S3Fault | undefined => undefined, calls: 0, faults: 0 }
  const server = createServer((request, response) => {
    proxy.calls++
    const fault = proxy.decide({ method: request.method ?? '', url: request.url ?? '', headers: request.headers })
    if (fault !== undefined) proxy.faults++
    // A client that hangs up, and a server that is restarted, are what this is for.
    serve(target, request, response, fault).catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(proxy, {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

async function serve(
  target: URL,
  request: IncomingMessage,
  response: ServerResponse,
  fault: S3Fault | undefined,
): Promise<void> {
  if (fault?.kind === 'reset') return void request.socket.destroy()
  const body = await readAll(request)
  if (fault?.kind === 'refuse') {
    const code = fault.status === 503 ? 'SlowDown' : 'InternalError'
    response.writeHead(fault.status, { 'content-type': 'application/xml' })
    return void response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>not now</Message></Error>`)
  }
  if (fault?.kind === 'delay') await Bun.sleep(fault.milliseconds)
  const answer = await ask(target, request, body)
  if (fault?.kind === 'lose-answer') {
    await readAll(answer)
    return void request.socket.destroy()
  }
  response.writeHead(answer.statusCode ?? 502, answer.headers)
  let left = fault?.kind === 'cut' || fault?.kind === 'stall' ? fault.afterBytes : Infinity
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const part = Buffer.from(chunk.subarray(0, left))
    if (fault?.kind === 'damage') part[0]! ^= 1
    left -= part.byteLength
    if (!response.write(part)) await new Promise((resolve) => response.once('drain', resolve))
    if (left > 0) continue
    answer.destroy()
    if (fault?.kind === 'cut') request.socket.destroy()
    return
  }
  response.end()
}

async function ask(target: URL, request: IncomingMessage, body: Uint8Array): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    const { method, url: path, headers } = request
    // The Host stays as it was signed.
    const upstream = send({ host: target.hostname, port: target.port, method, path, headers }, resolve)
    upstream.once('error', reject)
    upstream.end(body)
  })
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
