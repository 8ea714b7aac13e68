import { algorithmOf, findDigest, formatDigest, type Digest } from '#contract/digest.ts'
import { manifestMediaTypes, mediaTypes } from '#contract/media-types.ts'
import { parseReference } from '#contract/reference.ts'
import { createHasher } from '../../runtime/hasher.ts'
import type { HttpAnswer } from './exchange.ts'
import { referencePath, repositoryPath } from './names.ts'
import { RegistryFailure } from './registry-failure.ts'
import type { RegistrySession } from './registry-session.ts'

export interface RemoteManifestStat {
  readonly digest: Digest
  /** Undefined when the registry does not say. */
  readonly mediaType: string | undefined
  readonly sizeBytes: number | undefined
}

export interface RemoteManifest extends RemoteManifestStat {
  readonly bytes: Uint8Array
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/** Every kind there is: a registry that is not told answers with an older one, under another digest. */
const accept = [...manifestMediaTypes, mediaTypes.dockerSchema1Signed, mediaTypes.dockerSchema1].join(', ')

const pull = (repository: string): string => `repository:${repository}:pull`

/** Manifests of another registry. A manifest has the digest that it was asked for by, or is a failure. */
export class RemoteManifests {
  readonly #session: RegistrySession

  constructor(session: RegistrySession) {
    this.#session = session
  }

  /** By HEAD, which Docker Hub does not count; undefined when it is not there. @throws RegistryFailure */
  async stat(
    repository: string,
    reference: string,
    options: CallOptions = {},
  ): Promise<RemoteManifestStat | undefined> {
    const answer = await this.#ask('HEAD', repository, reference, options)
    if (answer === undefined) return undefined
    answer.body.discard()
    const said = findDigest(headerOf(answer, 'docker-content-digest') ?? '')
    const parsed = parseReference(reference)
    const digest = said ?? (parsed.kind === 'digest' ? parsed.digest : undefined)
    // Some answer HEAD without the digest (Huawei's).
    if (digest === undefined) return await this.find(repository, reference, options)
    if (parsed.kind === 'digest' && digest !== parsed.digest) throw this.#wrong(repository, reference, digest)
    return { digest, mediaType: mediaTypeOf(answer), sizeBytes: answer.body.announced }
  }

  /**
   * Undefined when it is not there. `maxBytes` instead of the limit of the client.
   * @throws RegistryFailure DIGEST_MISMATCH, TOO_LARGE and others
   */
  async find(
    repository: string,
    reference: string,
    { maxBytes = this.#session.limits.manifestBytes, ...options }: CallOptions & { readonly maxBytes?: number } = {},
  ): Promise<RemoteManifest | undefined> {
    const answer = await this.#ask('GET', repository, reference, options)
    if (answer === undefined) return undefined
    const bytes = await answer.body.readAll(maxBytes, `the manifest ${repository}:${reference}`)
    const parsed = parseReference(reference)
    const wanted =
      parsed.kind === 'digest' ? parsed.digest : findDigest(headerOf(answer, 'docker-content-digest') ?? '')
    const digest = digestOf(bytes, wanted)
    if (wanted !== undefined && digest !== wanted) throw this.#wrong(repository, reference, digest)
    return { digest, bytes, mediaType: mediaTypeOf(answer), sizeBytes: bytes.byteLength }
  }

  /**
   * Pushes a manifest under a tag or its digest. Answers whether the registry takes its subject into account
   * (distribution-spec v1.1 §pushing-manifests-with-subject).
   * @throws RegistryFailure, DIGEST_MISMATCH when the registry keeps other bytes than those that were sent
   */
  async push(
    repository: string,
    reference: string,
    { bytes, mediaType }: { readonly bytes: Uint8Array; readonly mediaType: string },
    { signal }: CallOptions = {},
  ): Promise<{ readonly digest: Digest; readonly subjectIsKnown: boolean }> {
    const answer = await this.#session.call(
      {
        method: 'PUT',
        to: `/${repositoryPath(repository)}/manifests/${referencePath(reference)}`,
        scopes: [`repository:${repository}:pull,push`],
        headers: { 'content-type': mediaType },
        body: bytes,
        signal,
      },
      [200, 201, 202],
    )
    answer.body.discard()
    const said = findDigest(headerOf(answer, 'docker-content-digest') ?? '')
    const digest = digestOf(bytes, said)
    if (said !== undefined && said !== digest) throw this.#wrong(repository, reference, said)
    return { digest, subjectIsKnown: headerOf(answer, 'oci-subject') !== undefined }
  }

  /**
   * Deletes a manifest, or only a tag where the registry can do that. False when it is not there.
   * @throws RegistryFailure UNSUPPORTED where nothing, or no tag, can be deleted
   */
  async delete(repository: string, reference: string, { signal }: CallOptions = {}): Promise<boolean> {
    const to = `/${repositoryPath(repository)}/manifests/${referencePath(reference)}`
    const scopes = [`repository:${repository}:delete`, pull(repository)]
    const answer = await this.#session.call({ method: 'DELETE', to, scopes, signal }, [200, 202, 204, 400, 404])
    const { status } = answer
    answer.body.discard()
    // Distribution takes no tag there: it says that it is no digest.
    if (status === 400) throw new RegistryFailure('UNSUPPORTED', `${this.#session.host} cannot delete ${reference}`)
    return status !== 404
  }

  async #ask(
    method: 'GET' | 'HEAD',
    repository: string,
    reference: string,
    { signal }: CallOptions,
  ): Promise<HttpAnswer | undefined> {
    const to = `/${repositoryPath(repository)}/manifests/${referencePath(reference)}`
    const call = { method, to, scopes: [pull(repository)], headers: { accept }, signal } as const
    const answer = await this.#session.call(call, [200, 404])
    if (answer.status === 200) return answer
    answer.body.discard()
    return undefined
  }

  #wrong(repository: string, reference: string, digest: Digest): RegistryFailure {
    return new RegistryFailure(
      'DIGEST_MISMATCH',
      `${this.#session.host} has ${repository}:${reference} with other bytes than their digest says: ${digest}`,
    )
  }
}

export function headerOf(answer: HttpAnswer, name: string): string | undefined {
  const value = answer.headers[name]
  return Array.isArray(value) ? value[0] : value
}

function mediaTypeOf(answer: HttpAnswer): string | undefined {
  const type = headerOf(answer, 'content-type')?.split(';')[0]?.trim().toLowerCase()
  return type === undefined || type === '' ? undefined : type
}

function digestOf(bytes: Uint8Array, like: Digest | undefined): Digest {
  const algorithm = like === undefined ? 'sha256' : algorithmOf(like)
  const hasher = createHasher(algorithm)
  hasher.update(bytes)
  return formatDigest(algorithm, hasher.digestHex())
}
