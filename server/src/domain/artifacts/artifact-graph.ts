import { derivedTagsOf, subjectNamedBy } from '#contract/derived-tags.ts'
import type { Digest } from '#contract/digest.ts'
import type { Database, Reader } from '../../database/database.ts'
import { kindOf, type ArtifactDetails } from './artifact-details.ts'
import { readArtifacts } from './artifact-list.ts'
import { readManifestFacts, type ManifestFacts } from './manifest-facts.ts'

/** An artifact and those around it: what indexes hold it, what it holds, what it belongs to, what belongs to it. */
export interface ArtifactGraph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  /** There is more than was followed. */
  readonly truncated: boolean
}

export interface GraphNode {
  readonly digest: Digest
  readonly kind: string
  readonly artifactType: string
  readonly size: number
  readonly pushedAt: number
  readonly tags: readonly string[]
  /** The name that it gives itself; undefined for most. */
  readonly title: string | undefined
  /** What its index says it runs on: `linux/amd64`. */
  readonly platform: string | undefined
  readonly predicateTypes: readonly string[]
}

/** `child`: an index holds it. `referrer`: it says whom it belongs to: by `subject`, by the name of its tag, or, as BuildKit's attestations, in the index of both. */
export interface GraphEdge {
  readonly from: Digest
  readonly to: Digest
  readonly relation: 'child' | 'referrer'
}

/** What fits on a screen; somebody who pushes a million referrers costs others no more than this. */
const maxNodes = 200
const maxSteps = 6
const maxTagsPerNode = 5

/** Everything that hangs together with one artifact of a repository, nearest first, in a few queries for each step away. */
export async function readArtifactGraph(
  { read }: Pick<Database, 'read'>,
  repositoryId: number,
  artifactId: number,
): Promise<ArtifactGraph> {
  const nodes = new Map<number, ArtifactDetails>()
  const edges = new Map<string, Edge>()
  let truncated = false
  let frontier = [artifactId]
  for (let step = 0; frontier.length > 0; step++) {
    const reached = await readArtifacts(read, frontier, { tags: true, accessories: false, labels: false })
    for (const artifact of reached) nodes.set(artifact.id, artifact)
    const around = await edgesAround(read, repositoryId, reached)
    for (const edge of around) edges.set(`${edge.from} ${edge.to} ${edge.relation}`, edge)
    const next = new Set(around.flatMap(({ from, to }) => [from, to]).filter((id) => !nodes.has(id)))
    const room = step < maxSteps ? maxNodes - nodes.size : 0
    truncated ||= next.size > room
    frontier = [...next].slice(0, room)
  }
  const facts = await readManifestFacts(read, [...nodes.keys()])
  const found = [...nodes.values()]
  for (const edge of attestations(found, facts)) edges.set(`${edge.from} ${edge.to} ${edge.relation}`, edge)
  const platforms = new Map(
    [...facts.values()].flatMap(({ children }) => [...children].map(([digest, { platform }]) => [digest, platform])),
  )
  const drawn = [...edges.values()].flatMap(({ from, to, relation }) => {
    const [start, end] = [nodes.get(from), nodes.get(to)]
    return start === undefined || end === undefined ? [] : [{ from: start.digest, to: end.digest, relation }]
  })
  const nodeOf = (artifact: ArtifactDetails) => presentNode(artifact, facts.get(artifact.id), platforms)
  return { nodes: found.map(nodeOf), edges: drawn, truncated }
}

/** Which child of an index is about which other, as BuildKit writes it. */
function attestations(found: readonly ArtifactDetails[], facts: ReadonlyMap<number, ManifestFacts>): Edge[] {
  const ids = new Map<string, number>(found.map(({ id, digest }) => [digest, id]))
  return [...facts.values()].flatMap(({ children }) =>
    [...children].flatMap(([digest, { attests }]) => {
      const [from, to] = [ids.get(digest), ids.get(attests ?? '')]
      return from === undefined || to === undefined || from === to ? [] : [{ from, to, relation: 'referrer' as const }]
    }),
  )
}

function presentNode(
  artifact: ArtifactDetails,
  facts: ManifestFacts | undefined,
  platforms: ReadonlyMap<string, string | undefined>,
): GraphNode {
  return {
    digest: artifact.digest,
    kind: kindOf(artifact),
    artifactType: facts?.contentType ?? (artifact.artifactType || artifact.mediaType),
    size: artifact.size,
    pushedAt: artifact.pushedAt,
    tags: artifact.tags.slice(0, maxTagsPerNode).map(({ name }) => name),
    title: facts?.title,
    platform: platforms.get(artifact.digest),
    predicateTypes: facts?.predicateTypes ?? [],
  }
}

interface Edge {
  readonly from: number
  readonly to: number
  readonly relation: GraphEdge['relation']
}

/** Up and down from each: indexes and their children, subjects and their referrers. More than fits is not read. */
async function edgesAround(
  reader: Reader,
  repositoryId: number,
  artifacts: readonly ArtifactDetails[],
): Promise<readonly Edge[]> {
  const ids = artifacts.map(({ id }) => id)
  const held = await reader
    .selectFrom('artifact_child')
    .select(['parent_id', 'child_id'])
    .where((eb) => eb.or([eb('parent_id', 'in', ids), eb('child_id', 'in', ids)]))
    .limit(maxNodes)
    .execute()
  const referrers = await reader
    .selectFrom('artifact as referrer')
    .innerJoin('artifact as subject', (join) =>
      join
        .onRef('subject.repository_id', '=', 'referrer.repository_id')
        .onRef('subject.digest', '=', 'referrer.subject_digest'),
    )
    .select(['referrer.id as from', 'subject.id as to'])
    .where('referrer.repository_id', '=', repositoryId)
    .where((eb) => eb.or([eb('subject.id', 'in', ids), eb('referrer.id', 'in', ids)]))
    .limit(maxNodes)
    .execute()
  const named = await readNamedAccessories(reader, repositoryId, artifacts)
  return [
    ...held.map(({ parent_id: from, child_id: to }) => ({ from, to, relation: 'child' as const })),
    ...[...referrers, ...named].map(({ from, to }) => ({ from, to, relation: 'referrer' as const })),
  ]
}

/** What cosign's tags say, in both directions. */
async function readNamedAccessories(
  reader: Reader,
  repositoryId: number,
  artifacts: readonly ArtifactDetails[],
): Promise<readonly { readonly from: number; readonly to: number }[]> {
  const subjects = new Map(artifacts.flatMap(({ id, digest }) => derivedTagsOf(digest).map(({ tag }) => [tag, id])))
  const tags = await reader
    .selectFrom('tag')
    .select(['name', 'artifact_id'])
    .where('repository_id', '=', repositoryId)
    .where('name', 'in', [...subjects.keys()])
    .execute()
  const down = tags.map(({ name, artifact_id: from }) => ({ from, to: subjects.get(name)! }))
  const digests = new Map(
    artifacts.flatMap(({ id, tags: own }) =>
      own.flatMap(({ name }) => {
        const subject = subjectNamedBy(name)
        return subject === undefined ? [] : [[subject, id] as const]
      }),
    ),
  )
  if (digests.size === 0) return down
  const above = await reader
    .selectFrom('artifact')
    .select(['id', 'digest'])
    .where('repository_id', '=', repositoryId)
    .where('digest', 'in', [...digests.keys()])
    .execute()
  return [...down, ...above.map(({ id, digest }) => ({ from: digests.get(digest as Digest)!, to: id }))]
}
