import { budgets, parseForeignJson } from '#contract/budget.ts'
import { ContractError } from '#contract/contract-error.ts'
import { OutboundFailure, type Outbound, type OutboundAnswer } from './outbound.ts'

export interface RemoteRegistry {
  /** Of its registry API, without a slash at its end: `https://registry.example.org`. */
  readonly url: string
  readonly credential: { readonly accessKey: string; readonly accessSecret: string } | undefined
  readonly insecure: boolean
  readonly authority: string | undefined
}

/** Why a remote registry cannot be used, in a sentence; undefined when it can. */
export type ProbeRegistry = (remote: RemoteRegistry) => Promise<string | undefined>

/**
 * Asks a remote registry for `/v2/` (distribution-spec v1.1 §end-1), as docker login does: with the credential, by
 * Basic or by a token of the service that it names. Without a credential it is enough that it asks for one.
 */
export function composeProbeRegistry(outbound: Outbound): ProbeRegistry {
  return async (remote) => {
    try {
      return await probe(outbound, remote)
    } catch (error) {
      if (error instanceof OutboundFailure) return error.message
      throw error
    }
  }
}

async function probe(outbound: Outbound, remote: RemoteRegistry): Promise<string | undefined> {
  const { credential, insecure, authority } = remote
  const url = new URL(`${remote.url}/v2/`)
  const ask = async (to: URL, authorization?: string) =>
    await outbound({
      url: to,
      insecure,
      authority,
      ...(authorization === undefined ? {} : { headers: { authorization } }),
    })
  const first = await ask(url)
  if (first.status === 200) return undefined
  if (first.status !== 401) return `${url.href} answered ${first.status}`
  if (credential === undefined) return undefined
  const challenge = parseChallenge(first)
  const basic = `Basic ${Buffer.from(`${credential.accessKey}:${credential.accessSecret}`).toString('base64')}`
  if (challenge === undefined) return authorised(await ask(url, basic))
  const realm = URL.canParse(challenge.realm) ? new URL(challenge.realm) : undefined
  if (realm === undefined) return `${url.href} names no token service that could be asked`
  // A registry behind TLS has no say in sending its secret in the clear.
  if (url.protocol === 'https:' && realm.protocol !== 'https:') return `the token service ${realm.origin} is not HTTPS`
  if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service)
  const answer = await ask(realm, basic)
  if (answer.status !== 200) return `${realm.origin} answered ${answer.status} to the credential`
  const token = tokenOf(answer.body)
  if (token === undefined) return `${realm.origin} answered without a token`
  return authorised(await ask(url, `Bearer ${token}`))
}

function authorised({ status }: OutboundAnswer): string | undefined {
  if (status === 200) return undefined
  return status === 401 || status === 403 ? 'the credential is refused' : `it answered ${status} to the credential`
}

/** The Bearer challenge of RFC 6750 §3; undefined when it is Basic, or nothing that we know. */
function parseChallenge({ headers }: OutboundAnswer): { realm: string; service: string | undefined } | undefined {
  const header = headers['www-authenticate']
  const text = (Array.isArray(header) ? header : [header ?? '']).find((value) => /^bearer\s/i.test(value))
  if (text === undefined) return undefined
  const parameter = (name: string) => new RegExp(`\\b${name}="([^"]{1,2048})"`, 'i').exec(text)?.[1]
  return { realm: parameter('realm') ?? '', service: parameter('service') }
}

function tokenOf(body: string): string | undefined {
  try {
    const { token, access_token: accessToken } = parseForeignJson(body, budgets.remoteAnswer) as Record<string, unknown>
    const found = [token, accessToken].find((value) => typeof value === 'string' && value !== '')
    return found as string | undefined
  } catch (error) {
    if (error instanceof ContractError || error instanceof TypeError) return undefined
    throw error
  }
}
