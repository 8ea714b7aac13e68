import { z } from 'zod'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import { ContractError } from '#contract/contract-error.ts'
import {
  ScannerFailure,
  type AdapterReport,
  type AdapterScan,
  type ScannerAdapter,
  type ScannerAddress,
  type ScannerMetadata,
} from './scanner-adapter.ts'
import { readScannerMetadata } from './scanner-metadata.ts'
import {
  composeOutbound,
  composeOutboundStream,
  OutboundFailure,
  type OutboundAnswer,
  type OutboundRequest,
} from '../outbound.ts'

export interface ScannerClientOptions {
  readonly address: ScannerAddress
  readonly allowLocal: boolean
  /** Of one request with a short answer. */
  readonly timeoutMs?: number
  /** Of a report, to its last byte. */
  readonly reportTimeoutMs?: number
}

const types = {
  metadata: 'application/vnd.scanner.adapter.metadata+json; version=1.0',
  scanRequest: 'application/vnd.scanner.adapter.scan.request+json; version=1.0',
  scanResponse: 'application/vnd.scanner.adapter.scan.response+json; version=1.0',
}
const accepted = z.object({ id: z.string().min(1).max(255) })
const refused = z.object({ error: z.object({ message: z.string() }) })

/**
 * An adapter of the Pluggable Scanner API v1.2 and v1.1. It never follows a redirect: the credential of the adapter and that of the
 * registry go to the address of the registration and nowhere else.
 */
export class ScannerClient implements ScannerAdapter {
  readonly #address: ScannerAddress
  readonly #send: (request: OutboundRequest) => Promise<OutboundAnswer>
  readonly #open: ReturnType<typeof composeOutboundStream>

  constructor({ address, allowLocal, timeoutMs = 5_000, reportTimeoutMs = 5 * 60_000 }: ScannerClientOptions) {
    this.#address = address
    this.#send = composeOutbound({ allowLocal, timeoutMs })
    this.#open = composeOutboundStream({ allowLocal, timeoutMs: reportTimeoutMs })
  }

  async metadata(): Promise<ScannerMetadata> {
    const answer = await this.#ask('/metadata', { headers: { accept: types.metadata } }, 200)
    return readScannerMetadata(jsonOf(answer))
  }

  async submit(scan: AdapterScan, signal: AbortSignal): Promise<string> {
    const headers = { accept: types.scanResponse, 'content-type': types.scanRequest }
    const body = JSON.stringify(requestOf(scan))
    const answer = await this.#ask('/scan', { method: 'POST', headers, body, signal }, 202)
    const id = accepted.safeParse(jsonOf(answer))
    if (!id.success) throw new ScannerFailure('its answer to a scan request names no id')
    return id.data.id
  }

  async report(id: string, mediaType: string, signal: AbortSignal): Promise<AdapterReport> {
    const answer = await guarded(() =>
      this.#open({ ...this.#to(`/scan/${encodeURIComponent(id)}/report`, { accept: mediaType }), signal }),
    )
    const { status, headers, body, discard } = answer
    if (status === 200) return { kind: 'ready', body: asScannerFailures(body) }
    if (status === 302) {
      discard()
      return { kind: 'pending', refreshAfterSeconds: secondsOf(headers['refresh-after']) }
    }
    throw unexpected({ status, headers, body: await beginningOf(body) }, 200)
  }

  async #ask(path: string, rest: Omit<OutboundRequest, 'url'>, expected: number): Promise<OutboundAnswer> {
    const answer = await guarded(() => this.#send({ ...rest, ...this.#to(path, rest.headers) }))
    if (answer.status !== expected) throw unexpected(answer, expected)
    return answer
  }

  #to(path: string, headers: Readonly<Record<string, string>> = {}) {
    const { url, auth, credential, insecure } = this.#address
    return { url: new URL(`${url}/api/v1${path}`), headers: { ...headers, ...signIn(auth, credential) }, insecure }
  }
}

function signIn(auth: ScannerAddress['auth'], credential: string): Record<string, string> {
  switch (auth) {
    case 'Basic':
      return { authorization: `Basic ${Buffer.from(credential).toString('base64')}` }
    case 'Bearer':
      return { authorization: `Bearer ${credential}` }
    case 'APIKey':
      return { 'x-scanneradapter-api-key': credential }
    case '':
      return {}
  }
}

/** As Harbor writes it; adapters that know v1.2 are told which capability is meant. */
function requestOf({ registryUrl, authorization, artifact, produces, isNamed }: AdapterScan) {
  const { repository, tag, digest, mediaType, size } = artifact
  const capability = { type: 'vulnerability', produces_mime_types: produces, parameters: null }
  return {
    registry: { url: registryUrl, authorization, insecure: false },
    artifact: { repository, tag, digest, mime_type: mediaType, size },
    ...(isNamed ? { enabled_capabilities: [capability] } : {}),
  }
}

async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof OutboundFailure)) throw cause
    throw new ScannerFailure(cause.message, { isPassing: true, cause })
  }
}

async function* asScannerFailures(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body
  } catch (cause) {
    if (!(cause instanceof OutboundFailure)) throw cause
    throw new ScannerFailure(cause.message, { isPassing: true, cause })
  }
}

function jsonOf({ body }: OutboundAnswer): unknown {
  try {
    return parseForeignJson(body, budgets.remoteAnswer)
  } catch (cause) {
    if (!(cause instanceof ContractError)) throw cause
    throw new ScannerFailure(`its answer is invalid: ${cause.message}`, { cause })
  }
}

const maxErrorBytes = 64 * 1024

/** Enough of an error to read its message. */
async function beginningOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of asScannerFailures(body)) {
    chunks.push(chunk)
    length += chunk.byteLength
    if (length > maxErrorBytes) break
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, maxErrorBytes)
}

function unexpected({ status, body }: OutboundAnswer, expected: number): ScannerFailure {
  const isPassing = status >= 500 || status === 429
  return new ScannerFailure(`${messageIn(body)}it answered ${status}, not ${expected}`, { isPassing })
}

/** The adapter's own words, which a person reads in the log of the scan. */
function messageIn(body: string): string {
  try {
    const said = refused.safeParse(parseForeignJson(body, budgets.remoteAnswer))
    return said.success && said.data.error.message !== '' ? `${said.data.error.message.slice(0, 500)}: ` : ''
  } catch (error) {
    if (error instanceof ContractError) return ''
    throw error
  }
}

function secondsOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : undefined
}
