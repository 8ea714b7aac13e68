import { readFileSync } from 'node:fs'
import type { HttpAnswer, Method } from '#server/clients/registry/exchange.ts'
import { Transport } from '#server/clients/registry/exchange.ts'
import { RegistryFailure } from '#server/clients/registry/registry-failure.ts'
import { standardTimeouts } from '#server/clients/registry/remote-registry.ts'
import { CommandError } from '../command-error.ts'
import type { Credential } from './contexts.ts'
import type { Door, SentFile } from './door.ts'

export interface RemoteAddress {
  /** An origin, without a slash at its end. */
  readonly url: string
  readonly ca: string | undefined
  readonly insecure: boolean
}

/** Nothing comes for as long as nothing happens, when somebody follows a job or events. */
const timeouts = { ...standardTimeouts, minBytes: 0 }

const csrfHeader = 'x-harbor-csrf-token'

/** A registry by its address. */
export class RemoteDoor implements Door {
  readonly name: string
  readonly isLocal = false
  readonly #transport: Transport
  readonly #address: RemoteAddress
  readonly #credential: Credential | undefined

  /** @throws CommandError for a file of an authority that cannot be read */
  constructor(address: RemoteAddress, credential: Credential | undefined) {
    this.name = address.url
    this.#address = address
    this.#credential = credential
    this.#transport = new Transport({
      remote: {
        url: address.url,
        credential: undefined,
        insecure: address.insecure,
        authority: address.ca === undefined ? undefined : readAuthority(address.ca),
      },
      timeouts,
      // Its owner typed the address: it may be this machine.
      mayBeLocal: () => true,
    })
  }

  async send({ method, target, body, file, headers, signal }: Parameters<Door['send']>[0]): Promise<Response> {
    const content = file === undefined ? jsonOf(body) : { content: { type: 'application/octet-stream', ...file } }
    return await this.sendTo(`/api/v2.0${target}`, { method, headers, signal, ...content })
  }

  /** Beside the API, too: where a browser signs in. @throws CommandError when nobody answers */
  async sendTo(
    path: string,
    given: {
      readonly method: string
      readonly headers?: Readonly<Record<string, string>> | undefined
      readonly content?: { readonly type: string } & (SentFile | { readonly bytes: Uint8Array })
      readonly signal?: AbortSignal | undefined
    },
  ): Promise<Response> {
    const { content, signal } = given
    try {
      const answer = await this.#transport.send({
        method: given.method as Method,
        url: new URL(path, this.#address.url),
        headers: {
          accept: 'application/json',
          ...headersOf(this.#credential),
          ...(content === undefined ? {} : { 'content-type': content.type }),
          ...(content !== undefined && 'sizeBytes' in content ? { 'content-length': String(content.sizeBytes) } : {}),
          ...given.headers,
        },
        body: content?.bytes ?? (given.method === 'GET' ? undefined : new Uint8Array()),
        signal,
      })
      return responseOf(answer)
    } catch (error) {
      throw error instanceof RegistryFailure ? explainFailure(error, this.#address) : error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport[Symbol.dispose]()
  }
}

function jsonOf(body: unknown) {
  if (body === undefined) return {}
  return { content: { type: 'application/json', bytes: new TextEncoder().encode(JSON.stringify(body)) } }
}

function headersOf(credential: Credential | undefined): Record<string, string> {
  if (credential === undefined) return {}
  if (credential.kind === 'secret') {
    const pair = Buffer.from(`${credential.username}:${credential.secret}`).toString('base64')
    return { authorization: `Basic ${pair}` }
  }
  return {
    cookie: `sid=${credential.session}; _gorilla_csrf=${credential.csrfCookie}`,
    [csrfHeader]: credential.csrfToken,
  }
}

function responseOf({ status, headers, body }: HttpAnswer): Response {
  const shown = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const each of [value ?? []].flat()) shown.append(name, each)
  }
  const stream = new ReadableStream<Uint8Array>({
    pull: async (sink) => {
      const piece = await body.next()
      if (piece === undefined) sink.close()
      else sink.enqueue(piece)
    },
    cancel: () => body.discard(),
  })
  const isEmpty = status === 204 || status === 205 || status === 304
  return new Response(isEmpty ? null : stream, { status, headers: shown })
}

const certificateWords = /certificate|self.signed|CERT_|unable to (get|verify)|ALTNAME/i

function explainFailure(failure: RegistryFailure, { url, ca }: RemoteAddress): CommandError {
  const isCertificate = certificateWords.test(failure.message)
  const doctor = `what this machine sees there: berth doctor --url ${url}${ca === undefined ? '' : ` --ca ${ca}`}`
  const next = isCertificate
    ? `name the authority that signed its certificate: --ca <file>; --insecure looks at no certificate\n${doctor}`
    : `is it running, and is the address right?\n${doctor}`
  return new CommandError(failure.message, { next, kind: 'unreachable', reason: failure.code, cause: failure })
}

function readAuthority(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandError(`the authority cannot be read: ${(error as Error).message}`, { kind: 'usage', cause: error })
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new CommandError(`${file} has no PEM certificate`, { kind: 'usage' })
  return text
}
