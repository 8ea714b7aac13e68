export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly relation: 'child' | 'referrer'
}

export interface Placed {
  readonly digest: string
  readonly column: number
  readonly row: number
}

/** An attestation of BuildKit lies in the index of its image: it is drawn at the image and not at the index as well. */
export function nearestEdges(edges: readonly GraphEdge[]): readonly GraphEdge[] {
  const referrers = new Map(edges.flatMap(({ from, to, relation }) => (relation === 'referrer' ? [[from, to]] : [])))
  const holds = new Set(edges.flatMap(({ from, to, relation }) => (relation === 'child' ? [`${from} ${to}`] : [])))
  return edges.filter(({ from, to, relation }) => {
    const subject = referrers.get(to)
    return relation === 'referrer' || subject === undefined || !holds.has(`${from} ${subject}`)
  })
}

/**
 * Puts each artifact into a column right of what it hangs on: children right of their index, referrers right of their
 * subject. Digests cannot make a cycle, but names of tags can (cosign's); such an edge is drawn and moves nothing.
 */
export function layOut(digests: readonly string[], edges: readonly GraphEdge[]): readonly Placed[] {
  const above = new Map<string, string[]>()
  for (const { from, to, relation } of edges) {
    const [left, right] = relation === 'child' ? [from, to] : [to, from]
    above.set(right, [...(above.get(right) ?? []), left])
  }
  const columns = new Map<string, number>()
  const columnOf = (digest: string, path: ReadonlySet<string>): number => {
    const known = columns.get(digest)
    if (known !== undefined) return known
    if (path.has(digest)) return 0
    const further = new Set(path).add(digest)
    const column = Math.max(-1, ...(above.get(digest) ?? []).map((left) => columnOf(left, further))) + 1
    columns.set(digest, column)
    return column
  }
  const filled = new Map<number, number>()
  return digests.map((digest) => {
    const column = columnOf(digest, new Set())
    const row = filled.get(column) ?? 0
    filled.set(column, row + 1)
    return { digest, column, row }
  })
}

/** The same on a narrow screen: each artifact has a row of its own, below what it hangs on. */
export function stackUp(placed: readonly Placed[], edges: readonly GraphEdge[]): readonly Placed[] {
  const columns = new Map(placed.map(({ digest, column }) => [digest, column]))
  const stacked = new Map<string, Placed>()
  const add = (digest: string) => {
    const column = columns.get(digest)
    if (column === undefined || stacked.has(digest)) return
    stacked.set(digest, { digest, column, row: stacked.size })
    for (const { from, to, relation } of edges) {
      const [left, right] = relation === 'child' ? [from, to] : [to, from]
      if (left === digest && columns.get(right) === column + 1) add(right)
    }
  }
  for (const { digest } of placed.toSorted((one, other) => one.column - other.column)) add(digest)
  return [...stacked.values()]
}
