import type { Digest } from '#contract/digest.ts'
import type { Descriptor } from '#contract/manifest.ts'
import type { RegistryAddress } from '../registries/probe-registry.ts'

/** Why upstream gave nothing. What it does not have is no failure. */
export type UpstreamFailureCode =
  /** It answers, and does not let our account read this. Some say so of what they do not have. */
  | 'DENIED'
  /** It was asked too often. */
  | 'LIMITED'
  /** It cannot be reached, fails itself, is too slow, or answers nonsense. */
  | 'BROKEN'

export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure'
  readonly code: UpstreamFailureCode
  /** A finer word of the client that asked: `TIMED_OUT`, `DIGEST_MISMATCH`. */
  readonly detail: string
  readonly retryAfterMs: number | undefined

  constructor(
    code: UpstreamFailureCode,
    message: string,
    options: { readonly detail: string; readonly retryAfterMs?: number | undefined; readonly cause?: unknown },
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.detail = options.detail
    this.retryAfterMs = options.retryAfterMs
  }
}

export interface UpstreamManifestStat {
  readonly digest: Digest
  readonly mediaType: string | undefined
  readonly sizeBytes: number | undefined
}

export interface UpstreamManifest extends UpstreamManifestStat {
  readonly bytes: Uint8Array
}

export interface UpstreamBlob {
  readonly sizeBytes: number | undefined
  /** Fails at its end when it has another digest. */
  readonly bytes: AsyncIterable<Uint8Array>
}

/** How often upstream may be asked, as it says itself. */
export interface UpstreamLimit {
  readonly limit: number | undefined
  readonly remaining: number | undefined
  readonly windowSeconds: number | undefined
}

/** A remote registry to read from. Each call may throw UpstreamFailure; undefined: it does not have this. */
export interface Upstream extends Disposable {
  readonly limit: UpstreamLimit | undefined
  statManifest(repository: string, reference: string, signal: AbortSignal): Promise<UpstreamManifestStat | undefined>
  findManifest(repository: string, reference: string, signal: AbortSignal): Promise<UpstreamManifest | undefined>
  statBlob(repository: string, digest: Digest, signal: AbortSignal): Promise<number | undefined>
  openBlob(
    repository: string,
    digest: Digest,
    options: { readonly sizeBytes: number | undefined; readonly signal: AbortSignal },
  ): Promise<UpstreamBlob | undefined>
  walkTags(repository: string, signal: AbortSignal): AsyncIterable<string>
  walkReferrers(
    repository: string,
    subject: Digest,
    options: { readonly artifactType: string | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<Descriptor>
}

export type OpenUpstream = (address: RegistryAddress) => Upstream
