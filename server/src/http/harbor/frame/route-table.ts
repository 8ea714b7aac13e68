import type { Method, Route } from './route.ts'

interface Node {
  readonly fixed: Map<string, Node>
  parameter: { readonly name: string; readonly node: Node } | undefined
  readonly routes: Map<string, Route>
}

export type RouteMatch =
  | { readonly kind: 'found'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'method-not-allowed'; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown' }

const emptyNode = (): Node => ({ fixed: new Map(), parameter: undefined, routes: new Map() })

/** Finds the route of a path, segment by segment; a fixed segment wins over a parameter. */
export class RouteTable {
  readonly #root = emptyNode()

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route)
  }

  #add(route: Route): void {
    let node = this.#root
    for (const segment of segmentsOf(route.path)) {
      const name = /^\{(\w+)\}$/.exec(segment)?.[1]
      if (name === undefined) {
        const next = node.fixed.get(segment) ?? emptyNode()
        node.fixed.set(segment, next)
        node = next
      } else {
        node.parameter ??= { name, node: emptyNode() }
        // Harbor names the same place differently in different operations; the names are given per route.
        node = node.parameter.node
      }
    }
    if (node.routes.has(route.method)) throw new Error(`two routes for ${route.method} ${route.path}`)
    node.routes.set(route.method, route)
  }

  /** `path` is below the API's prefix and still encoded. Doubled and trailing slashes count as one and as none. */
  find(method: Method | string, path: string): RouteMatch {
    const segments = segmentsOf(path)
    const node = findNode(this.#root, segments, 0)
    if (node === undefined) return { kind: 'unknown' }
    const found = node.routes.get(method)
    if (found === undefined) return { kind: 'method-not-allowed', allowed: [...node.routes.keys()] }
    return { kind: 'found', route: found, params: paramsOf(found, segments) }
  }
}

function findNode(node: Node, segments: readonly string[], index: number): Node | undefined {
  const segment = segments[index]
  if (segment === undefined) return node.routes.size > 0 ? node : undefined
  const fixed = node.fixed.get(segment)
  const found = fixed === undefined ? undefined : findNode(fixed, segments, index + 1)
  if (found !== undefined) return found
  return node.parameter === undefined ? undefined : findNode(node.parameter.node, segments, index + 1)
}

function paramsOf(route: Route, segments: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {}
  for (const [index, segment] of segmentsOf(route.path).entries()) {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1]
    if (name === undefined) continue
    const once = decode(segments[index]!)
    // Clients encode the slashes of a repository name twice, and some proxies undo one of the two.
    params[name] = name === 'repository_name' ? decode(once) : once
  }
  return params
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // not percent-encoded: whoever parses the parameter refuses it
  }
}
