import type { Descriptor } from '#contract/manifest.ts'
import { RegistryFailure, type RegistryFailureCode } from '../clients/registry/registry-failure.ts'
import type { Config } from '../config/config.ts'
import { UpstreamFailure, type OpenUpstream, type UpstreamFailureCode } from '../domain/proxy-cache/upstream.ts'
import { openRemoteRegistry } from './remote-registries.ts'

/** Somebody waits for each answer: what does not come soon is tried again by the client that asked. */
const whileWaiting = {
  timeouts: { connectMs: 5_000, silenceMs: 30_000, wholeMs: 60_000, windowMs: 30_000, minBytes: 32 * 1024 },
  retries: { attempts: 3, firstPauseMs: 100, maxPauseMs: 1_000, budgetMs: 3_000 },
}

/** Other registries, for projects that are their cache. */
export function composeOpenUpstream(config: Config): OpenUpstream {
  return (address) => {
    const client = openRemoteRegistry(config, address, whileWaiting)
    return {
      get limit() {
        return client.rateLimit
      },
      statManifest: (repository, reference, signal) =>
        translated(() => client.manifests.stat(repository, reference, { signal })),
      findManifest: (repository, reference, signal) =>
        translated(() => client.manifests.find(repository, reference, { signal })),
      statBlob: (repository, digest, signal) => translated(() => client.blobs.stat(repository, digest, { signal })),
      openBlob: async (repository, digest, options) => {
        const blob = await translated(() => client.blobs.open(repository, digest, options))
        return blob === undefined ? undefined : { sizeBytes: blob.sizeBytes, bytes: translatedAll(blob.bytes) }
      },
      walkTags: (repository, signal) => translatedAll(client.lists.walkTags(repository, { signal })),
      walkReferrers: (repository, subject, { artifactType, signal }) =>
        translatedAll<Descriptor>(
          client.lists.walkReferrers(repository, subject, {
            signal,
            ...(artifactType === undefined ? {} : { artifactType }),
          }),
        ),
      [Symbol.dispose]: () => client[Symbol.dispose](),
    }
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw translation(error)
  }
}

async function* translatedAll<T>(items: AsyncIterable<T>): AsyncGenerator<T, void> {
  try {
    yield* items
  } catch (error) {
    throw translation(error)
  }
}

const codes: Readonly<Partial<Record<RegistryFailureCode, UpstreamFailureCode>>> = {
  UNAUTHORIZED: 'DENIED',
  DENIED: 'DENIED',
  RATE_LIMITED: 'LIMITED',
}

function translation(error: unknown): unknown {
  if (!(error instanceof RegistryFailure)) return error
  const { code: detail, message, retryAfterMs } = error
  return new UpstreamFailure(codes[detail] ?? 'BROKEN', message, { detail, retryAfterMs, cause: error })
}
