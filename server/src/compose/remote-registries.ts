import { RegistryClient } from '../clients/registry/registry-client.ts'
import { RegistryFailure } from '../clients/registry/registry-failure.ts'
import type { RemoteRegistry } from '../clients/registry/remote-registry.ts'
import type { Config } from '../config/config.ts'
import type { ProbeRegistry, RegistryAddress } from '../domain/registries/probe-registry.ts'
import type { WithRemoteArtifact } from '../domain/scanning/data/data-artifact.ts'

/** A person waits for the answer of a probe. */
const probing = {
  timeouts: { connectMs: 5_000, silenceMs: 10_000, wholeMs: 10_000 },
  retries: { attempts: 1 },
}

/** A client of a registry that the operator of this machine named: its own host is called wherever it lies. */
export function openTypedRegistry({ outbound }: Config, remote: RemoteRegistry): RegistryClient {
  const { allowLocal, tokenHosts } = outbound
  return new RegistryClient({ remote: { ...remote, tokenHosts }, allowLocal, allowLocalHome: true })
}

/** A client of a registry that an administrator entered. */
export function openRemoteRegistry(
  { outbound }: Config,
  address: RegistryAddress,
  options: Pick<ConstructorParameters<typeof RegistryClient>[0], 'timeouts' | 'retries' | 'uploads'> = {},
): RegistryClient {
  const tokenHosts = [...address.tokenHosts, ...outbound.tokenHosts]
  return new RegistryClient({ ...options, remote: { ...address, tokenHosts }, allowLocal: outbound.allowLocal })
}

/** For vulnerability data that lies in another registry. */
export function composeRemoteArtifacts(config: Config): WithRemoteArtifact {
  return async (address, { repository, reference }, signal, use) => {
    using client = openRemoteRegistry(config, address)
    const found = await client.manifests.find(repository, reference, { signal })
    if (found === undefined) return await use(undefined)
    return await use({
      ...found,
      async openBlob(digest, sizeBytes) {
        const blob = await client.blobs.open(repository, digest, { sizeBytes, signal })
        if (blob === undefined) throw new RegistryFailure('UNKNOWN', `${repository} has no blob ${digest}`)
        return blob.bytes
      },
    })
  }
}

export function composeProbeRegistry(config: Config): ProbeRegistry {
  return async (address) => {
    using client = openRemoteRegistry(config, address, probing)
    try {
      await client.ping()
      return undefined
    } catch (error) {
      if (error instanceof RegistryFailure) return error.message
      throw error
    }
  }
}
