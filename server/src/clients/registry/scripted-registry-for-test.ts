import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RegistryClient } from './registry-client.ts'
import { RegistryFailure, type RegistryFailureCode } from './registry-failure.ts'
import type { RegistryClientOptions, RemoteRegistry } from './remote-registry.ts'

/** The answer of a script; undefined when the script has written to the response itself. */
export interface ScriptedAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Uint8Array
}

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Uint8Array
}

export type Script = (
  request: SeenRequest,
  response: ServerResponse,
) => ScriptedAnswer | undefined | Promise<ScriptedAnswer | undefined>

/** A server that answers as a test says, and remembers what it was asked. */
export class ScriptedRegistry implements AsyncDisposable {
  readonly seen: SeenRequest[] = []
  connections = 0
  readonly #server: Server
  #script: Script = () => ({ status: 404 })

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
    this.#server.on('connection', () => void this.connections++)
  }

  static async start(): Promise<ScriptedRegistry> {
    const registry = new ScriptedRegistry()
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve))
    return registry
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `http://${this.host}`
  }

  /** `GET /v2/…` of what was asked. */
  get lines(): string[] {
    return this.seen.map(({ method, path }) => `${method} ${path}`)
  }

  answers(script: Script): void {
    this.#script = script
    this.seen.length = 0
  }

  client(
    remote: Partial<RemoteRegistry> = {},
    options: Partial<Omit<RegistryClientOptions, 'remote'>> = {},
  ): RegistryClient {
    return new RegistryClient({
      remote: { url: this.url, credential: undefined, insecure: false, authority: undefined, ...remote },
      allowLocal: true,
      sleep: async () => {},
      ...options,
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Uint8Array[] = []
    try {
      for await (const piece of request as AsyncIterable<Uint8Array>) pieces.push(piece)
    } catch {
      return // the client went away, as some tests want
    }
    const { method = '', url = '', headers } = request
    const seen = { method, path: url, headers, body: Buffer.concat(pieces) }
    this.seen.push(seen)
    const answer = await this.#script(seen, response)
    if (answer === undefined) return
    response.writeHead(answer.status, answer.headers ?? {})
    response.end(answer.body)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** The code that the work fails with; `none` when it succeeds. */
export async function codeOf(work: Promise<unknown>): Promise<RegistryFailureCode | 'none' | string> {
  try {
    await work
    return 'none'
  } catch (error) {
    return error instanceof RegistryFailure ? error.code : String(error)
  }
}

export async function failureOf(work: Promise<unknown>): Promise<RegistryFailure> {
  try {
    await work
  } catch (error) {
    if (error instanceof RegistryFailure) return error
    throw error
  }
  throw new Error('it did not fail')
}

export async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}
