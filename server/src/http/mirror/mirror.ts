import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import { DomainError } from '../../domain/errors.ts'
import { canonicalHost, type Mirrors } from '../../domain/proxy-cache/mirrors.ts'
import { errorResponse } from '../oci/error-response.ts'
import { parseOciPath } from '../oci/oci-request.ts'
import type { OciCall } from '../oci/oci-router.ts'
import type { TokenEndpoint } from '../token/token-endpoint.ts'

export interface MirrorOptions {
  readonly mirrors: Pick<Mirrors, 'byHost' | 'isProxy'>
  /** Origin that clients reach us at. */
  readonly originOf: (request: Request) => string
}

/**
 * Finds the project for clients that name another registry: containerd by `?ns=`, docker by a host of ours that stands for one
 * (`registry-mirrors`). Names are turned, and nothing else: rights are asked for as ever, for the project that was found.
 */
export function mirroring(
  { mirrors, originOf }: MirrorOptions,
  answer: (call: OciCall) => Promise<Response>,
): (call: OciCall) => Promise<Response> {
  return async (call) => {
    const name = parseOciPath(call.path)?.name ?? ''
    if (name === '') return await answer(call)
    const ns = call.search.includes('ns=') ? new URLSearchParams(call.search).get('ns') : null
    const map = await mirrors.byHost()
    const project = ns === null || ns === '' ? projectAt(map, call.request) : map.get(canonicalHost(ns))
    if (project !== undefined) return await answer({ ...call, path: withProject(project, call.path, name) })
    if (ns === null || ns === '' || map.size === 0 || isOurs(ns, call.request, originOf)) return await answer(call)
    // `/v2/hub/…` of containerd's override_path: what it names comes from where it says.
    if (name.includes('/') && (await mirrors.isProxy(projectOf(name as RepositoryName)))) return await answer(call)
    return unknownRegistry(ns)
  }
}

/** At a host that stands for another registry, tokens are for the project that answers for it. */
export function mirroringTokens({ mirrors }: Pick<MirrorOptions, 'mirrors'>, answer: TokenEndpoint): TokenEndpoint {
  return async (request, clientAddress) => {
    const project = projectAt(await mirrors.byHost(), request)
    if (project === undefined) return await answer(request, clientAddress)
    const url = new URL(request.url)
    const scopes = url.searchParams.getAll('scope').flatMap((scope) => scope.split(' '))
    url.searchParams.delete('scope')
    for (const scope of scopes) url.searchParams.append('scope', scopeWith(project, scope))
    return await answer(new Request(url, { method: request.method, headers: request.headers }), clientAddress)
  }
}

function projectAt(map: ReadonlyMap<string, string>, request: Request): string | undefined {
  if (map.size === 0) return undefined
  const host = canonicalHost(request.headers.get('host') ?? '')
  return map.get(host) ?? map.get(host.replace(/:\d+$/, ''))
}

const withProject = (project: string, path: string, name: string): string =>
  name.startsWith(`${project}/`) ? path : `/${project}${path}`

function scopeWith(project: string, scope: string): string {
  const [, name, actions] = /^repository:([^:]+):(.*)$/.exec(scope) ?? []
  if (name === undefined || actions === undefined || name.startsWith(`${project}/`)) return scope
  return `repository:${project}/${name}:${actions}`
}

function isOurs(ns: string, request: Request, originOf: (request: Request) => string): boolean {
  const asked = canonicalHost(ns)
  const host = canonicalHost(request.headers.get('host') ?? '')
  return asked === host || asked === canonicalHost(new URL(originOf(request)).host)
}

/** Closed world: an image of a registry that nobody set up is not looked for among ours of the same name. */
function unknownRegistry(ns: string): Response {
  const shown = ns.slice(0, 255)
  const error = new DomainError('REPOSITORY_UNKNOWN', `no project here answers for ${shown}; see proxy_mirror_of`, {
    detail: { ns: shown },
  })
  return errorResponse(error)!
}
