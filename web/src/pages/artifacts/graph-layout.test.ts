import { expect, test } from 'bun:test'
import { layOut, nearestEdges, stackUp, type GraphEdge } from './graph-layout.ts'

const columnsOf = (digests: readonly string[], edges: readonly GraphEdge[]) =>
  Object.fromEntries(layOut(digests, edges).map(({ digest, column }) => [digest, column]))

test('a child stands right of its index, and a referrer right of its subject', () => {
  const edges: GraphEdge[] = [
    { from: 'index', to: 'image', relation: 'child' },
    { from: 'signature', to: 'image', relation: 'referrer' },
  ]
  expect(columnsOf(['signature', 'image', 'index'], edges)).toEqual({ index: 0, image: 1, signature: 2 })
})

test('an artifact that hangs on two stands right of the further one', () => {
  const edges: GraphEdge[] = [
    { from: 'outer', to: 'inner', relation: 'child' },
    { from: 'inner', to: 'image', relation: 'child' },
    { from: 'outer', to: 'image', relation: 'child' },
  ]
  expect(columnsOf(['outer', 'inner', 'image'], edges)).toEqual({ outer: 0, inner: 1, image: 2 })
})

test('no two artifacts of a column share a row', () => {
  const digests = ['index', 'a', 'b', 'c']
  const edges = ['a', 'b', 'c'].map((to): GraphEdge => ({ from: 'index', to, relation: 'child' }))
  const places = layOut(digests, edges).map(({ column, row }) => `${column}/${row}`)
  expect(new Set(places).size).toBe(digests.length)
})

test('a cycle, as tags can make it, is laid out to its end', () => {
  const edges: GraphEdge[] = [
    { from: 'a', to: 'b', relation: 'referrer' },
    { from: 'b', to: 'a', relation: 'referrer' },
  ]
  expect(layOut(['a', 'b'], edges)).toHaveLength(2)
})

test('an artifact alone stands at the beginning', () => {
  expect(layOut(['a'], [])).toEqual([{ digest: 'a', column: 0, row: 0 }])
})

test('an attestation in the index of its image hangs on the image, and one of something else stays in the index', () => {
  const edges = [
    { from: 'index', to: 'image', relation: 'child' },
    { from: 'index', to: 'attestation', relation: 'child' },
    { from: 'attestation', to: 'image', relation: 'referrer' },
    { from: 'other', to: 'attestation', relation: 'child' },
  ] as const
  expect(nearestEdges(edges)).toEqual([edges[0], edges[2], edges[3]])
})

test('on a narrow screen each artifact stands in a row of its own, below what it hangs on', () => {
  const edges: GraphEdge[] = [
    { from: 'index', to: 'a', relation: 'child' },
    { from: 'index', to: 'b', relation: 'child' },
    { from: 'signature', to: 'a', relation: 'referrer' },
  ]
  const stacked = stackUp(layOut(['b', 'signature', 'a', 'index'], edges), edges)
  expect(stacked.map(({ digest, column, row }) => `${row} ${column} ${digest}`)).toEqual([
    '0 0 index',
    '1 1 a',
    '2 2 signature',
    '3 1 b',
  ])
})

test('on a narrow screen nothing of a cycle is left out or said twice', () => {
  const edges: GraphEdge[] = [
    { from: 'a', to: 'b', relation: 'referrer' },
    { from: 'b', to: 'a', relation: 'referrer' },
  ]
  const stacked = stackUp(layOut(['a', 'b'], edges), edges)
  expect(stacked.map(({ digest }) => digest).toSorted()).toEqual(['a', 'b'])
})
