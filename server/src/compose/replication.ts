import { HarborClient } from '../clients/harbor-client.ts'
import { HarborPeer } from '../clients/peers/harbor-peer.ts'
import { RegistryPeer } from '../clients/peers/registry-peer.ts'
import type { Config } from '../config/config.ts'
import type { Jobs } from '../domain/jobs/jobs.ts'
import type { Registries } from '../domain/registries/registries.ts'
import { nameRuleOf } from '../domain/registries/registry-types.ts'
import { Lags } from '../domain/replication/lags.ts'
import { specificNames, specificProjects } from '../domain/replication/names.ts'
import { ReplicationExecutions } from '../domain/replication/replication-executions.ts'
import { ReplicationPolicies } from '../domain/replication/replication-policies.ts'
import type { OpenRemoteSide } from '../domain/replication/sides.ts'
import type { Foundation } from './foundation.ts'
import { openRemoteRegistry } from './remote-registries.ts'

type Services = Pick<Foundation, 'database' | 'clock' | 'events'>

/** Rules and their runs, for the API. */
export function composeReplication(
  services: Services,
  { registries, jobs }: { readonly registries: Registries; readonly jobs: Jobs },
) {
  return {
    policies: new ReplicationPolicies({ ...services, registries }),
    executions: new ReplicationExecutions({ ...services, jobs }),
    lags: new Lags(services),
  }
}

/** Opens the other registry of a rule: a Harbor by its API and `/v2`, others by `/v2` alone. */
export function composeOpenRemoteSide(config: Config, registries: Pick<Registries, 'getRemote'>): OpenRemoteSide {
  return async (registryId, { signal, chunkBytes }) => {
    const { registry, address } = await registries.getRemote(registryId)
    const owned = new DisposableStack()
    const uploads = chunkBytes === undefined ? {} : { uploads: { chunkBytes } }
    const client = owned.use(openRemoteRegistry(config, address, uploads))
    const options = { client, signal, specificNames }
    const peer =
      registry.type === 'harbor'
        ? new HarborPeer({ ...options, specificProjects, api: owned.use(openApi(config, address)) })
        : new RegistryPeer(options)
    const side = Object.assign(peer, {
      name: `${registry.type} ${registry.url}`,
      names: nameRuleOf(registry.type),
    })
    return { source: side, destination: side, [Symbol.dispose]: () => owned.dispose() }
  }
}

/** How the registry that a rule pushes to wants its names. */
export const nameRuleOfRegistry = (registries: Pick<Registries, 'getRemote'>) => async (registryId: number) =>
  nameRuleOf((await registries.getRemote(registryId)).registry.type)

function openApi({ outbound }: Config, address: Awaited<ReturnType<Registries['getAddress']>>): HarborClient {
  const { url, credential, insecure, authority } = address
  return new HarborClient({
    ...{ url, insecure, authority, allowLocal: outbound.allowLocal },
    username: credential?.accessKey ?? '',
    password: credential?.accessSecret ?? '',
  })
}
