import { budgets, parseForeignJson } from '#contract/budget.ts'
import { composeOutbound, type Outbound } from './outbound.ts'

/** An Elasticsearch or OpenSearch, and the data stream or index that documents go to. */
export interface ElasticsearchAddress {
  readonly url: URL
  readonly stream: string
  /** `ApiKey …` or `Basic …`. */
  readonly authorization: string | undefined
  /** PEM; instead of the authorities of the system. */
  readonly authority: string | undefined
}

export interface BulkDocument {
  /** The same document sent again is kept once. */
  readonly id: string
  readonly document: object
}

/** A document that the index refuses for good: its fields do not fit. */
export interface RefusedDocument {
  readonly id: string
  readonly why: string
}

export class ElasticsearchFailure extends Error {
  override readonly name = 'ElasticsearchFailure'
}

/** An answer names every document with up to some lines each. */
const maxAnswerBytes = 8 * 1024 * 1024
const conflict = 409

/** The bulk API. The operator of this machine names the address, so it may lie anywhere. */
export class Elasticsearch {
  readonly #address: ElasticsearchAddress
  readonly #call: Outbound

  constructor(address: ElasticsearchAddress) {
    this.#address = address
    this.#call = composeOutbound({ allowLocal: true, timeoutMs: 30_000, maxBytes: maxAnswerBytes })
  }

  /**
   * Sends the documents in one request. Returns those that are refused for good; all others are there now.
   * @throws ElasticsearchFailure when some are not and may be tried again
   */
  async bulk(documents: readonly BulkDocument[]): Promise<readonly RefusedDocument[]> {
    const { url, stream, authorization, authority } = this.#address
    const lines = documents.flatMap(({ id, document }) => [
      JSON.stringify({ create: { _id: id } }),
      JSON.stringify(document),
    ])
    const place = new URL(`${url.pathname.replace(/\/$/, '')}/${encodeURIComponent(stream)}/_bulk`, url)
    const answer = await this.#call({
      url: place,
      method: 'POST',
      headers: {
        'content-type': 'application/x-ndjson',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: `${lines.join('\n')}\n`,
      authority,
    }).catch((cause: unknown) => {
      throw new ElasticsearchFailure((cause as Error).message, { cause })
    })
    if (answer.status !== 200)
      throw new ElasticsearchFailure(`${url.host} answers ${answer.status}: ${answer.body.slice(0, 300)}`)
    return outcomeOf(documents, answer.body, url.host)
  }
}

interface BulkItem {
  readonly create?: { readonly status?: number; readonly error?: { readonly type?: string; readonly reason?: string } }
}

function outcomeOf(documents: readonly BulkDocument[], body: string, host: string): readonly RefusedDocument[] {
  const { items } = readAnswer(body, host)
  if (!Array.isArray(items) || items.length !== documents.length)
    throw new ElasticsearchFailure(`${host} answers for ${items?.length ?? 'no'} of ${documents.length} documents`)
  const refused: RefusedDocument[] = []
  for (const [at, item] of (items as readonly BulkItem[]).entries()) {
    const { status = 0, error } = item?.create ?? {}
    // Sent before, and there: the answer to that attempt was lost.
    if ((status >= 200 && status < 300) || status === conflict) continue
    const why = `${error?.type ?? status}: ${error?.reason ?? ''}`.slice(0, 300)
    if (status !== 400) throw new ElasticsearchFailure(`${host} did not take every document: ${status} ${why}`)
    refused.push({ id: documents[at]!.id, why })
  }
  return refused
}

function readAnswer(body: string, host: string): { readonly items?: unknown[] } {
  try {
    return parseForeignJson(body, { ...budgets.remoteList, maxBytes: maxAnswerBytes }) as { readonly items?: unknown[] }
  } catch (cause) {
    throw new ElasticsearchFailure(`${host} answers what is no JSON`, { cause })
  }
}
