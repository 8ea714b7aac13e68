import { z } from 'zod'
import { readArtifactGraph, type ArtifactGraph } from '../../../domain/artifacts/artifact-graph.ts'
import { readLayers, type Layer } from '../../../domain/artifacts/layers.ts'
import { titleAnnotation } from '../../../domain/artifacts/manifest-facts.ts'
import { signatureStandings, type SignatureStanding } from '../../../domain/signatures/recorded-signatures.ts'
import { textAnswer } from './additions.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { artifactParams, findArtifact, openManifest } from './artifacts.ts'
import { route, type Route } from '../frame/route.ts'

const layerAnswer = z.object({
  digest: z.string(),
  media_type: z.string(),
  size: z.number().int(),
  created_by: z.string().optional(),
  diff_id: z.string().optional().describe('Of an image: the digest before compression, by which reports name it.'),
  title: z.string().optional().describe('The name of the file in it (`org.opencontainers.image.title`).'),
})

const graphAnswer = z.object({
  nodes: z.array(
    z.object({
      digest: z.string(),
      type: z.string(),
      artifact_type: z.string(),
      size: z.number().int(),
      push_time: timeAnswer,
      tags: z.array(z.string()),
      title: z.string().optional(),
      platform: z.string().optional().describe('What its index says it runs on, such as `linux/arm64/v8`.'),
      predicate_types: z.array(z.string()),
      signature: z
        .object({ state: z.enum(['verified', 'untrusted', 'unnamed', 'refused']), signer: z.string().optional() })
        .optional()
        .describe('The best verdict on the signatures in it; not there for what holds none, or was not looked at yet.'),
    }),
  ),
  edges: z.array(z.object({ from: z.string(), to: z.string(), relation: z.enum(['child', 'referrer']) })),
  truncated: z.boolean(),
})

const item = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'

/** What an artifact is made of, for who looks at it with a session and not with a client of `/v2`. */
export const artifactContentRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: `${item}/layers`,
    tag: 'artifact',
    operationId: 'listLayers',
    summary: 'Beyond Harbor: the layers of an artifact with their sizes, and the step of the build that made each.',
    access: { kind: 'project', permission: 'artifact-addition:read' },
    params: artifactParams,
    answers: { 200: z.array(layerAnswer) },
    handle: async (call, services) => {
      const { admission, manifest } = await openManifest(call, services)
      return { body: (await readLayers(services.content.blobs, admission, manifest)).map(presentLayer) }
    },
  }),

  route({
    method: 'GET',
    path: `${item}/graph`,
    tag: 'artifact',
    operationId: 'getArtifactGraph',
    summary:
      'Beyond Harbor: what hangs together with an artifact: indexes, their children, subjects and their referrers.',
    access: { kind: 'project', permission: 'artifact:read' },
    params: artifactParams,
    answers: { 200: graphAnswer },
    handle: async (call, services) => {
      const { id, repositoryId } = await findArtifact(services, call)
      const { read } = services.database
      const graph = await readArtifactGraph({ read }, repositoryId, id)
      const digests = graph.nodes.map(({ digest }) => digest)
      return { body: presentGraph(graph, await signatureStandings(read, repositoryId, digests)) }
    },
  }),

  route({
    method: 'GET',
    path: `${item}/manifest`,
    tag: 'artifact',
    operationId: 'getManifestText',
    summary: 'Beyond Harbor: the manifest of an artifact, exactly as it was pushed, to be read as text.',
    access: { kind: 'project', permission: 'artifact-addition:read' },
    params: artifactParams,
    answers: { 200: z.string() },
    handle: async (call, services) => {
      const { manifest } = await openManifest(call, services)
      return textAnswer('text/plain', new TextDecoder().decode(manifest.bytes))
    },
  }),
]

function presentLayer({ descriptor, size, createdBy, diffId }: Layer): z.output<typeof layerAnswer> {
  const { digest, mediaType, annotations } = descriptor
  const title = annotations?.[titleAnnotation]
  return { digest, media_type: mediaType, size, created_by: createdBy, diff_id: diffId, title }
}

function presentGraph(
  { nodes, edges, truncated }: ArtifactGraph,
  signatures: ReadonlyMap<string, SignatureStanding>,
): z.output<typeof graphAnswer> {
  return {
    nodes: nodes.map(({ digest, kind, artifactType, size, pushedAt, tags, ...node }) => ({
      digest,
      type: kind,
      artifact_type: artifactType,
      size,
      push_time: timeOf(pushedAt),
      tags: [...tags],
      title: node.title,
      platform: node.platform,
      predicate_types: [...node.predicateTypes],
      signature: signatures.get(digest),
    })),
    edges: [...edges],
    truncated,
  }
}
