import { connect } from 'node:net'
import { expect } from 'bun:test'
import type { RegistryUnderTest } from './registry.ts'

export interface SlowRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * Sends a request over a connection of its own (plain HTTP) and stops in the middle of its body; what comes back has the
 * rest sent, and gives the status of the answer.
 */
export async function beginSlowly(registry: RegistryUnderTest, request: SlowRequest): Promise<() => Promise<number>> {
  const { hostname, port } = new URL(registry.url)
  const socket = connect(Number(port), hostname)
  const { promise: status, resolve, reject } = Promise.withResolvers<number>()
  let received = ''
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1')
    const found = /^HTTP\/1\.1 (\d{3}) /.exec(received)?.[1]
    if (found !== undefined) resolve(Number(found))
  })
  socket.on('error', reject)
  socket.on('close', () => reject(new Error(`closed without an answer to ${request.method} ${request.path}`)))
  const head = [
    `${request.method} ${request.path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `Content-Length: ${request.body.byteLength}`,
    ...Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`),
  ]
  const half = Math.floor(request.body.byteLength / 2)
  await new Promise<void>((sent) => {
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    socket.write(request.body.subarray(0, half), () => sent())
  })
  return async () => {
    expect(received).toBe('') // it waits for the body
    socket.write(request.body.subarray(half))
    try {
      return await status
    } finally {
      socket.destroy()
    }
  }
}
