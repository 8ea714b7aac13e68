import type { ContentServices } from '../artifacts/content-services.ts'
import type { Projects } from '../projects/projects.ts'
import { LocalDestination } from './local-destination.ts'
import { LocalSource } from './local-source.ts'
import type { ReplicationPolicy } from './replication-policies.ts'
import type { OpenRemoteSide, ReplicationDestination, ReplicationSource } from './sides.ts'

export interface SideServices {
  readonly content: ContentServices
  readonly projects: Pick<Projects, 'createProject' | 'isNameTaken'>
  readonly openRemote: OpenRemoteSide
}

/** Both ends of a rule, for one piece of work. */
export interface Sides extends Disposable {
  readonly source: ReplicationSource
  readonly destination: ReplicationDestination
}

/** As in Harbor: REPLICATION_CHUNK_SIZE. */
const chunkBytes = 10 * 1024 * 1024

/** @throws DomainError REGISTRY_UNKNOWN */
export async function openSides(
  { content, projects, openRemote }: SideServices,
  policy: Pick<ReplicationPolicy, 'sourceRegistryId' | 'destinationRegistryId' | 'copyByChunk'>,
  { signal }: { readonly signal: AbortSignal },
): Promise<Sides> {
  const pulls = policy.sourceRegistryId !== 0
  const remote = await openRemote(pulls ? policy.sourceRegistryId : policy.destinationRegistryId, {
    signal,
    chunkBytes: policy.copyByChunk ? chunkBytes : undefined,
  })
  return {
    source: pulls ? remote.source : new LocalSource(content),
    destination: pulls ? new LocalDestination(content, projects) : remote.destination,
    [Symbol.dispose]: () => remote[Symbol.dispose](),
  }
}
