import { isIP } from 'node:net'
import { isFromAnotherSite } from './other-sites.ts'
import { hostOf, isLoopbackHost, namesOf } from './request-names.ts'
import type { Route } from './router.ts'

/** Why a request is refused, for the protocol of its route to say. */
export interface OpenDoorRefusal {
  readonly status: 421 | 403
  readonly message: string
}

export interface OpenDoorOptions {
  readonly hostname: string | undefined
  readonly externalUrl: string | undefined
  /** Listens on more than the loopback address: clients call it by addresses of the network too. */
  readonly reachable: boolean
}

export type OpenDoor = (request: Request, route: Route) => OpenDoorRefusal | undefined

/** Probes and metrics are asked for by whatever address a monitor knows, and change and tell nothing. */
const anyName = new Set<Route>(['health', 'ready', 'metrics'])
/** Other sites may lead to pages of the console, as any link does. */
const anySite = new Set<Route>([...anyName, 'console', 'unknown'])

/**
 * Keeps the pages of other web sites out of a registry without accounts, where a request needs no proof. A page whose
 * own name was pointed at this machine (DNS rebinding) asks for a name that is not ours; any other page is announced
 * by its browser as another site.
 */
export function composeOpenDoor({ hostname, externalUrl, reachable }: OpenDoorOptions): OpenDoor {
  const external = externalUrl === undefined ? undefined : new URL(externalUrl)
  const ours = new Set([hostname?.toLowerCase(), external?.hostname].filter((name) => name !== undefined))
  const isOurHost = (host: string | undefined): boolean =>
    host !== undefined && (isLoopbackHost(host) || ours.has(host) || (reachable && isIP(host) !== 0))

  return (request, route) => {
    if (anyName.has(route)) return undefined
    const names = namesOf(request)
    const foreign = names.find((name) => !isOurHost(hostOf(name)))
    if (foreign !== undefined || names.length === 0) return misdirected(foreign ?? '')
    if (anySite.has(route)) return undefined
    const isOurOrigin = ({ protocol, host }: URL): boolean =>
      /^https?:$/.test(protocol) &&
      (host === external?.host || names.some((name) => new URL(`${protocol}//${name}`).host === host))
    return isFromAnotherSite(request, isOurOrigin) ? otherSite : undefined
  }
}

function misdirected(name: string): OpenDoorRefusal {
  const said = name.slice(0, 100)
  return {
    status: 421,
    message: `this registry has no accounts, so it answers to its own names only, and ${said} is none; set hostname or external_url to it`,
  }
}

const otherSite: OpenDoorRefusal = {
  status: 403,
  message: 'this registry has no accounts, so it takes no requests from pages of other web sites',
}
