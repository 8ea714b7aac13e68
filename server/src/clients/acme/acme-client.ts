import { isIP } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import {
  AcmeFailure,
  type AcmeAccount,
  type AcmeService,
  type AcmeWish,
  type ChallengeType,
  type RenewalWindow,
} from './acme-service.ts'
import type { OutboundAnswer } from '../outbound.ts'
import {
  AcmeExchange,
  describeProblem,
  problemAnswer,
  retryAfterOf,
  type AcmeDirectory,
  type AcmeExchangeOptions,
} from './acme-exchange.ts'
import { SignedRequests } from './signed-requests.ts'

export interface AcmeClientOptions extends AcmeExchangeOptions {
  readonly account: AcmeAccount
  /** Whether the operator agreed to the terms of the service. */
  readonly agreed: boolean
  readonly email: string | undefined
  readonly externalAccount: { readonly keyId: string; readonly hmacKey: string } | undefined
  /** How long one order may take. */
  readonly orderTimeoutMs?: number
  /** Between two looks at what the service is doing, where it names no pause. */
  readonly pollMs?: number
}

const orderAnswer = z.object({
  status: z.string(),
  authorizations: z.array(z.string()).max(200),
  finalize: z.string(),
  certificate: z.string().optional(),
  error: problemAnswer.optional(),
})
const challengeAnswer = z.object({
  type: z.string(),
  url: z.string(),
  status: z.string(),
  token: z
    .string()
    .regex(/^[\w-]{1,512}$/)
    .optional(),
  error: problemAnswer.optional(),
})
const authorizationAnswer = z.object({
  status: z.string(),
  identifier: z.object({ value: z.string() }),
  challenges: z.array(challengeAnswer).max(50),
})
const windowAnswer = z.object({ suggestedWindow: z.object({ start: z.string(), end: z.string() }) })

const standardOrderTimeoutMs = 10 * 60_000
const standardPollMs = 2_000
const maxPollSeconds = 30

/** What an order is done with. */
interface Session {
  readonly exchange: AcmeExchange
  readonly directory: AcmeDirectory
  readonly by: { readonly requests: SignedRequests; readonly account: string; readonly newNonce: string }
  /** Of the monotonic clock. */
  readonly deadline: number
}

/** RFC 8555 and, for the time of renewal, RFC 9773. */
export class AcmeClient implements AcmeService {
  readonly #options: AcmeClientOptions
  readonly #exchange: AcmeExchange
  readonly #requests: SignedRequests

  constructor(options: AcmeClientOptions) {
    this.#options = options
    this.#exchange = new AcmeExchange(options)
    this.#requests = new SignedRequests(options.account.privateKey)
  }

  async issue(wish: AcmeWish): Promise<string> {
    const session = await this.#begin(this.#options.account.url)
    try {
      return await this.#order(session, wish)
    } catch (error) {
      // The service was set up anew, or forgot us: it gets the same key again.
      if (!(error instanceof AcmeFailure) || error.type !== 'accountDoesNotExist') throw error
      await this.#options.account.keepUrl(undefined)
      return await this.#order(await this.#begin(undefined), wish)
    }
  }

  async renewalWindow(renewalName: string): Promise<RenewalWindow | undefined> {
    const { renewalInfo } = await this.#exchange.directory()
    if (renewalInfo === undefined) return undefined
    const answer = await this.#exchange.get(`${renewalInfo.replace(/\/$/, '')}/${renewalName}`)
    const { suggestedWindow } = this.#exchange.read(answer, windowAnswer)
    const [start, end] = [Date.parse(suggestedWindow.start), Date.parse(suggestedWindow.end)]
    if (Number.isNaN(start) || Number.isNaN(end) || end < start)
      throw new AcmeFailure('the service names a time of renewal that is none')
    return { start, end }
  }

  async #begin(known: string | undefined): Promise<Session> {
    const directory = await this.#exchange.directory()
    const account = known ?? (await this.#register(directory))
    return {
      exchange: this.#exchange,
      directory,
      by: { requests: this.#requests, account, newNonce: directory.newNonce },
      deadline: performance.now() + (this.#options.orderTimeoutMs ?? standardOrderTimeoutMs),
    }
  }

  /** RFC 8555, 7.3: the service answers with the account that it has for this key, or makes it. */
  async #register({ newAccount, newNonce, meta }: AcmeDirectory): Promise<string> {
    const { agreed, email, externalAccount, account } = this.#options
    if (meta?.externalAccountRequired === true && externalAccount === undefined)
      throw new AcmeFailure('the service wants an account that you have with it: acme.key_id and acme.hmac_key')
    if (meta?.termsOfService !== undefined && !agreed)
      throw new AcmeFailure(`the service has terms, ${meta.termsOfService}: read them and set acme.agree_to_terms`)
    const payload = {
      termsOfServiceAgreed: agreed,
      ...(email === undefined ? {} : { contact: [`mailto:${email}`] }),
      ...(externalAccount === undefined
        ? {}
        : { externalAccountBinding: await this.#requests.bindTo(externalAccount, newAccount) }),
    }
    const by = { requests: this.#requests, account: undefined, newNonce }
    const { headers } = await this.#exchange.post({ url: newAccount, payload }, by)
    const url = headers['location']
    if (typeof url !== 'string') throw new AcmeFailure('the service does not say where the account is')
    await account.keepUrl(url)
    return url
  }

  async #order(session: Session, wish: AcmeWish): Promise<string> {
    const { exchange, by } = session
    const created = await this.#createOrder(session, wish)
    const orderUrl = created.headers['location']
    if (typeof orderUrl !== 'string') throw new AcmeFailure('the service does not say where the order is')
    const order = exchange.read(created, orderAnswer)
    for (const url of order.authorizations) await this.#authorize(session, url, wish)
    await this.#poll(session, orderUrl, orderAnswer, ({ status }) => status !== 'pending')
    const csr = Buffer.from(wish.request).toString('base64url')
    await exchange.post({ url: order.finalize, payload: { csr } }, by)
    const done = await this.#poll(session, orderUrl, orderAnswer, ({ status }) => status !== 'processing')
    if (done.status !== 'valid' || done.certificate === undefined)
      throw new AcmeFailure(
        `the order is ${done.status}: ${describeProblem(done.error ?? {}).detail ?? 'no reason given'}`,
      )
    const accept = 'application/pem-certificate-chain'
    return (await exchange.post({ url: done.certificate, accept }, by)).body
  }

  async #createOrder({ exchange, directory, by }: Session, { names, replaces }: AcmeWish): Promise<OutboundAnswer> {
    const identifiers = names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))
    const place = (payload: object) => exchange.post({ url: directory.newOrder, payload }, by)
    if (replaces === undefined || directory.renewalInfo === undefined) return await place({ identifiers })
    try {
      return await place({ identifiers, replaces })
    } catch (error) {
      // Of another account or authority, or replaced already: it is a help, not a need.
      if (error instanceof AcmeFailure && ['alreadyReplaced', 'malformed', 'unauthorized'].includes(error.type ?? ''))
        return await place({ identifiers })
      throw error
    }
  }

  async #authorize(session: Session, url: string, wish: AcmeWish): Promise<void> {
    const { exchange, by } = session
    const asked = exchange.read(await exchange.post({ url }, by), authorizationAnswer)
    if (asked.status === 'valid') return
    const { value: name } = asked.identifier
    const challenge = challengeOf(asked, wish.challenge)
    const keyAuthorization = await this.#requests.keyAuthorization(challenge.token)
    const takeDown = await wish.prove({ type: wish.challenge, name, token: challenge.token, keyAuthorization })
    try {
      await exchange.post({ url: challenge.url, payload: {} }, by)
      const seen = await this.#poll(session, url, authorizationAnswer, ({ status }) => status !== 'pending')
      if (seen.status === 'valid') return
      const { error } = seen.challenges.find(({ type }) => type === wish.challenge) ?? {}
      const { type, detail } = describeProblem(error ?? {})
      throw new AcmeFailure(`${name} is not proven by ${wish.challenge}: ${detail ?? seen.status}`, {
        ...(type === undefined ? {} : { type }),
      })
    } finally {
      await takeDown()
    }
  }

  /** Looks again and again, with the pauses that the service names, until the deadline of the order. */
  async #poll<T extends z.ZodType>(
    { exchange, by, deadline }: Session,
    url: string,
    form: T,
    isOver: (value: z.output<T>) => boolean,
  ): Promise<z.output<T>> {
    for (;;) {
      const answer = await exchange.post({ url }, by)
      const value = exchange.read(answer, form)
      if (isOver(value)) return value
      const named = retryAfterOf(answer)
      const waitMs =
        named === undefined ? (this.#options.pollMs ?? standardPollMs) : Math.min(named, maxPollSeconds) * 1000
      if (performance.now() + waitMs > deadline)
        throw new AcmeFailure('the service did not come to an end in time; the order is given up')
      await pause(Math.max(waitMs, 100))
    }
  }
}

function challengeOf(
  { identifier, challenges }: z.output<typeof authorizationAnswer>,
  wanted: ChallengeType,
): { readonly url: string; readonly token: string } {
  const found = challenges.find(({ type }) => type === wanted)
  if (found?.token !== undefined) return { url: found.url, token: found.token }
  const offered = challenges.map(({ type }) => type).join(', ')
  throw new AcmeFailure(`${identifier.value} cannot be proven by ${wanted}, only by: ${offered}`)
}
