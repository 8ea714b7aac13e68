import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Registries } from '../registries/registries.ts'
import type { RegistryAddress } from '../registries/probe-registry.ts'
import type { ProxyMeter } from './proxy-meter.ts'
import type { ProxyProject } from './proxy-projects.ts'
import { UpstreamFailure, type OpenUpstream, type Upstream } from './upstream.ts'
import type { UpstreamHealth } from './upstream-health.ts'

export interface UpstreamsOptions {
  readonly registries: Pick<Registries, 'getAddress'>
  readonly open: OpenUpstream
  readonly health: UpstreamHealth
  readonly meter: ProxyMeter
  readonly clock: Clock
}

interface OpenedUpstream {
  readonly address: string
  readonly upstream: Upstream
}

/** After a failure, a copy that is here is served for so long without another try. */
const restAfterFailureMs = 5_000

/** The remote registries of proxy projects: one client each, and what is known of how they behave. */
export class Upstreams implements Disposable {
  readonly #options: UpstreamsOptions
  readonly #opened = new Map<number, OpenedUpstream>()

  constructor(options: UpstreamsOptions) {
    this.#options = options
  }

  /** Whether asking now would only cost time: it failed a moment ago, or wants to be left alone. */
  isResting(registryId: number): boolean {
    const { clock, health } = this.#options
    const { failingSince, failedAt = 0, retryAt = 0 } = health.of(registryId)
    const now = clock.now()
    return retryAt > now || (failingSince !== undefined && now - failedAt < restAfterFailureMs)
  }

  /**
   * Asks upstream. `deadlineMs`: for the whole work; undefined where the client's own limits do.
   * @throws UpstreamFailure, also at once while it wants to be left alone
   */
  async ask<T>(
    project: ProxyProject,
    work: (upstream: Upstream, signal: AbortSignal) => Promise<T>,
    { deadlineMs, signal }: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    const { registryId } = project
    const { health, meter } = this.#options
    this.#assertMayAsk(project)
    const upstream = await this.#open(registryId)
    const deadline = deadlineMs === undefined ? undefined : AbortSignal.timeout(deadlineMs)
    const ends = AbortSignal.any([deadline, signal].filter((one) => one !== undefined))
    try {
      const answer = await work(upstream, ends)
      health.answered(registryId, upstream.limit)
      meter.answered(project)
      return answer
    } catch (error) {
      const failure =
        deadline?.aborted === true && signal?.aborted !== true ? tooSlow(project, deadlineMs!, error) : error
      if (failure instanceof UpstreamFailure) this.failed(project, failure)
      throw failure
    } finally {
      meter.asked(project)
    }
  }

  /** Notes a failure that came later than the answer, in the middle of bytes. */
  failed(project: ProxyProject, failure: UpstreamFailure): void {
    this.#options.health.failed(project.registryId, failure)
    this.#options.meter.failed(project, failure.detail)
  }

  #assertMayAsk({ registryId, registryName }: ProxyProject): void {
    const { health, clock } = this.#options
    const { retryAt = 0, failure } = health.of(registryId)
    const restMs = retryAt - clock.now()
    if (restMs <= 0) return
    const isLimit = failure?.code === 'RATE_LIMITED'
    const message = `${registryName} wants to be left alone for ${Math.ceil(restMs / 1_000)} more seconds`
    throw new UpstreamFailure(isLimit ? 'LIMITED' : 'BROKEN', message, {
      detail: failure?.code ?? 'UNAVAILABLE',
      retryAfterMs: restMs,
    })
  }

  async #open(registryId: number): Promise<Upstream> {
    const found = await this.#options.registries.getAddress(registryId)
    const address = keyOf(found)
    const known = this.#opened.get(registryId)
    if (known?.address === address) return known.upstream
    // Requests under way on the old one end by themselves.
    const upstream = this.#options.open(found)
    this.#opened.set(registryId, { address, upstream })
    return upstream
  }

  [Symbol.dispose](): void {
    for (const { upstream } of this.#opened.values()) upstream[Symbol.dispose]()
    this.#opened.clear()
  }
}

const keyOf = ({ url, credential, insecure, authority, tokenHosts }: RegistryAddress): string =>
  JSON.stringify([url, credential?.accessKey, credential?.accessSecret, insecure, authority, tokenHosts])

function tooSlow({ registryName }: ProxyProject, deadlineMs: number, cause: unknown): UpstreamFailure {
  return new UpstreamFailure('BROKEN', `${registryName} did not answer within ${deadlineMs} ms`, {
    detail: 'TIMED_OUT',
    cause,
  })
}

/** A failure in words for a client, when there is nothing here that could be served instead. */
export function refusalOf(failure: UpstreamFailure, { registryName }: ProxyProject, what: string): DomainError {
  const { code, detail, message, retryAfterMs } = failure
  const details = { detail: { upstream: registryName, reason: detail }, cause: code === 'BROKEN' ? failure : undefined }
  if (code === 'DENIED') {
    const remedy = 'give the registry an account that may read it, or look whether the name is right'
    return new DomainError(
      'UPSTREAM_DENIED',
      `${registryName} does not let us read ${what}: ${message}; ${remedy}`,
      details,
    )
  }
  if (code === 'LIMITED') {
    const retryAfterSeconds = (retryAfterMs ?? 60_000) / 1_000
    const sentence = `too many requests to upstream registry ${registryName}: ${what} is not cached here; try later, or give the registry an account with a higher limit`
    return new DomainError('UPSTREAM_LIMITED', sentence, { ...details, retryAfterSeconds })
  }
  const retryAfterSeconds = (retryAfterMs ?? 10_000) / 1_000
  return new DomainError(
    'UPSTREAM_UNAVAILABLE',
    `${what} is not cached here, and its registry cannot be used: ${message}`,
    {
      ...details,
      retryAfterSeconds,
    },
  )
}
