import { RemoteBlobs } from './blobs.ts'
import { RemoteLists } from './lists.ts'
import { RemoteManifests, type CallOptions } from './manifests.ts'
import type { RateLimit } from './rate-limit.ts'
import { RegistrySession } from './registry-session.ts'
import type { RegistryClientOptions } from './remote-registry.ts'
import { RemoteUploads } from './uploads.ts'

/**
 * The one client of other registries' `/v2` (distribution-spec v1.1). Everything that comes through it is bounded in
 * bytes, entries and time, has the digest that it was asked for by, and came from an address that may be called.
 */
export class RegistryClient implements Disposable {
  readonly manifests: RemoteManifests
  readonly blobs: RemoteBlobs
  readonly uploads: RemoteUploads
  readonly lists: RemoteLists
  readonly #session: RegistrySession
  readonly #isAnonymous: boolean

  constructor(options: RegistryClientOptions) {
    this.#session = new RegistrySession(options)
    this.#isAnonymous = options.remote.credential === undefined
    this.manifests = new RemoteManifests(this.#session)
    this.blobs = new RemoteBlobs(this.#session)
    this.uploads = new RemoteUploads(this.#session)
    this.lists = new RemoteLists(this.#session, this.manifests)
  }

  /** How often it may be asked, as it last said; undefined when it says nothing. */
  get rateLimit(): RateLimit | undefined {
    return this.#session.rateLimit
  }

  /**
   * Asks for `/v2/` (distribution-spec v1.1 §end-1), as docker login does. Without a credential it is enough that the
   * registry asks for one.
   * @throws RegistryFailure
   */
  async ping({ signal }: CallOptions = {}): Promise<void> {
    const unauthorised = this.#isAnonymous
    const call = { method: 'GET', to: '/', scopes: [], signal, unauthorised } as const
    const answer = await this.#session.call(call, unauthorised ? [200, 401] : [200])
    answer.body.discard()
  }

  /** Closes its connections. */
  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]()
  }
}
