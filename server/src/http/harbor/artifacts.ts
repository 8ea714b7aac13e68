import { z } from 'zod'
import { parseReference, type Reference } from '#contract/reference.ts'
import { parseRepositoryName, type RepositoryName } from '#contract/repository-name.ts'
import {
  getArtifact,
  kindOf,
  pageArtifacts,
  type ArtifactDetails,
  type ListedTag,
} from '../../domain/artifacts/artifact-list.ts'
import { listAccessories, type Accessory } from '../../domain/artifacts/accessories.ts'
import type { Actor } from '../../domain/access/actor.ts'
import { copyArtifact } from '../../domain/artifacts/copy.ts'
import { deleteManifest } from '../../domain/artifacts/delete.ts'
import { readImageConfig } from '../../domain/artifacts/image-config.ts'
import { repositoryUnknown } from '../../domain/artifacts/repository-list.ts'
import { findRepositoryId } from '../../domain/content/repositories.ts'
import { DomainError } from '../../domain/errors.ts'
import { readImmutability } from '../../domain/policies/immutability.ts'
import { createdAt, noTime, timeOf, truthQuery } from './answers.ts'
import { labelAnswer, presentLabel } from './label-answer.ts'
import { listingOf } from './list-query.ts'
import { listQuery, pageHeaders, pageQuery } from './paging.ts'
import { repositoryNameOf, repositoryParams } from './repositories.ts'
import { route, type Route } from './route.ts'
import type { HarborServices } from './services.ts'

export const tagAnswer = z.object({
  id: z.number().int(),
  repository_id: z.number().int(),
  artifact_id: z.number().int(),
  name: z.string(),
  push_time: z.string(),
  pull_time: z.string(),
  immutable: z.boolean(),
})

const annotations = z.record(z.string(), z.string())

const platform = z.object({
  architecture: z.string().optional(),
  os: z.string().optional(),
  'os.version': z.string().optional(),
  'os.features': z.array(z.string()).optional(),
  variant: z.string().optional(),
})

const reference = z.object({
  parent_id: z.number().int(),
  child_id: z.number().int(),
  child_digest: z.string(),
  platform: platform.optional(),
  annotations: annotations.optional(),
  urls: z.array(z.string()).optional(),
})

const accessory = z.object({
  id: z.number().int(),
  artifact_id: z.number().int(),
  subject_artifact_id: z.number().int(),
  subject_artifact_digest: z.string(),
  subject_artifact_repo: z.string(),
  size: z.number().int(),
  digest: z.string(),
  type: z.string(),
  icon: z.string(),
  creation_time: z.string(),
})

const artifactAnswer = z.object({
  id: z.number().int(),
  type: z.string(),
  media_type: z.string(),
  manifest_media_type: z.string(),
  artifact_type: z.string(),
  project_id: z.number().int(),
  repository_id: z.number().int(),
  repository_name: z.string(),
  digest: z.string(),
  size: z.number().int(),
  icon: z.string(),
  push_time: z.string(),
  pull_time: z.string(),
  annotations: annotations.optional(),
  references: z.array(reference),
  tags: z.array(tagAnswer),
  addition_links: z.record(z.string(), z.object({ href: z.string(), absolute: z.boolean() })),
  extra_attrs: z.record(z.string(), z.unknown()).optional(),
  labels: z.array(labelAnswer),
  accessories: z.array(accessory),
})

/** What may come along with an artifact. Scans are not part of this version: asking for them changes nothing. */
const partsQuery = {
  with_tag: truthQuery.default(true),
  with_accessory: truthQuery.default(false),
  with_label: truthQuery.default(false),
  with_scan_overview: truthQuery.default(false),
  with_sbom_overview: truthQuery.default(false),
  with_immutable_status: truthQuery.default(false),
  with_inherited_accessory: truthQuery.default(false),
}

export const artifactParams = repositoryParams.extend({ reference: z.string() })

const collection = '/projects/{project_name}/repositories/{repository_name}/artifacts'
const item = `${collection}/{reference}`

export const artifactRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'artifact',
    operationId: 'listArtifacts',
    summary: 'Artifacts of a repository, without those that only belong to others.',
    access: { kind: 'project', permission: 'artifact:list' },
    params: repositoryParams,
    query: z.object({ ...listQuery, ...partsQuery }),
    answers: { 200: z.array(artifactAnswer) },
    handle: async (call, services) => {
      const name = repositoryNameOf(call.params)
      const repositoryId = await findKnownRepository(services, name)
      const parts = { tags: call.query.with_tag, accessories: call.query.with_accessory, labels: call.query.with_label }
      const { rows, total } = await pageArtifacts(services.database, repositoryId, listingOf(call.query), parts)
      const isImmutable = await immutabilityFor(
        services,
        call.query.with_immutable_status,
        call.project!.project.id,
        name,
      )
      const present = (row: ArtifactDetails) => presentArtifact(call.project!.project.id, name, row, isImmutable)
      return { body: rows.map(present), headers: pageHeaders(call, total) }
    },
  }),

  route({
    method: 'POST',
    path: collection,
    tag: 'artifact',
    operationId: 'CopyArtifact',
    summary: 'Puts an artifact of another repository here, with everything that belongs to it.',
    access: { kind: 'project', permission: 'artifact:create' },
    params: repositoryParams,
    query: z.object({ from: z.string().min(3).max(512).describe('`project/repository:tag` or `…@digest`.') }),
    answers: { 201: null },
    handle: async ({ actor, params, query, path }, { content, ...services }) => {
      const from = parseArtifactName(query.from)
      const source = await content.admit(actor, 'pull', from.repository)
      const target = await content.admit(actor, 'push', repositoryNameOf(params))
      const digest = await copyArtifact({ ...services, ...content }, source, target, from.reference)
      return createdAt(path, digest)
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'artifact',
    operationId: 'getArtifact',
    summary: 'One artifact, by a tag or by its digest.',
    access: { kind: 'project', permission: 'artifact:read' },
    params: artifactParams,
    // Pages are of a former version, in which tags came in pages here.
    query: z.object({ ...pageQuery, ...partsQuery, with_signature: truthQuery.default(false) }),
    answers: { 200: artifactAnswer },
    handle: async ({ actor, params, query, project }, services) => {
      const parts = { tags: query.with_tag, accessories: query.with_accessory, labels: query.with_label }
      const artifact = await findArtifact(services, params, parts)
      const [projectId, name] = [project!.project.id, repositoryNameOf(params)]
      const isImmutable = await immutabilityFor(services, query.with_immutable_status, projectId, name)
      const shown = presentArtifact(projectId, name, artifact, isImmutable)
      const attributes = await extraAttributesOf(services, actor, name, artifact)
      return { body: { ...shown, ...(attributes === undefined ? {} : { extra_attrs: attributes }) } }
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'artifact',
    operationId: 'deleteArtifact',
    summary: 'Deletes an artifact and every tag that names it.',
    access: { kind: 'project', permission: 'artifact:delete' },
    params: artifactParams,
    answers: { 200: null },
    handle: async ({ actor, params }, services) => {
      const { digest } = await findArtifact(services, params)
      const admission = await services.content.admit(actor, 'delete', repositoryNameOf(params))
      await deleteManifest(services, admission, digest)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: `${item}/accessories`,
    tag: 'artifact',
    operationId: 'listAccessories',
    summary: 'Signatures, attestations and bills of materials of an artifact.',
    access: { kind: 'project', permission: 'accessory:list' },
    params: artifactParams,
    query: z.object(listQuery),
    answers: { 200: z.array(accessory) },
    handle: async (call, services) => {
      const artifact = await findArtifact(services, call.params)
      const all = await listAccessories(services.database.read, artifact.repositoryId, [artifact.digest])
      const { limit, offset } = listingOf(call.query)
      const name = repositoryNameOf(call.params)
      const page = all.slice(offset, offset + limit).map((each) => presentAccessory(artifact, name, each))
      return { body: page, headers: pageHeaders(call, all.length) }
    },
  }),
]

/** `project/repository:tag` or `project/repository@digest`. @throws ContractError */
function parseArtifactName(text: string): { repository: RepositoryName; reference: Reference } {
  const at = text.indexOf('@')
  const end = at >= 0 ? at : text.lastIndexOf(':')
  const name = end < 0 ? text : text.slice(0, end)
  return { repository: parseRepositoryName(name), reference: parseReference(end < 0 ? '' : text.slice(end + 1)) }
}

/** @throws DomainError REPOSITORY_UNKNOWN */
async function findKnownRepository(
  { database }: HarborServices,
  name: ReturnType<typeof repositoryNameOf>,
): Promise<number> {
  const id = await findRepositoryId(database.read, name)
  if (id === undefined) throw repositoryUnknown(name)
  return id
}

/** @throws DomainError REPOSITORY_UNKNOWN, MANIFEST_UNKNOWN; ContractError for what is neither tag nor digest */
export async function findArtifact(
  services: HarborServices,
  params: z.output<typeof artifactParams>,
  parts = { tags: false, accessories: false, labels: false },
): Promise<ArtifactDetails> {
  const repositoryId = await findKnownRepository(services, repositoryNameOf(params))
  return await getArtifact(services.database, repositoryId, parseReference(params.reference), parts)
}

/**
 * What an image says about itself. For one artifact alone: it reads a blob, which a list does not. Left out for who may
 * look at artifacts and not pull them.
 */
async function extraAttributesOf(
  { content }: HarborServices,
  actor: Actor,
  name: RepositoryName,
  { digest }: ArtifactDetails,
): Promise<Record<string, unknown> | undefined> {
  try {
    const admission = await content.admit(actor, 'pull', name)
    const manifest = await content.manifests.getManifest(admission, { kind: 'digest', digest })
    const image = await readImageConfig(content.blobs, admission, manifest)
    if (image === undefined) return undefined
    const { architecture, os, author, created, config } = image
    return { architecture, os, author, created, config }
  } catch (error) {
    if (error instanceof DomainError && ['FORBIDDEN', 'UNAUTHENTICATED', 'BAD_REQUEST'].includes(error.code))
      return undefined
    throw error
  }
}

function presentArtifact(
  projectId: number,
  repositoryName: string,
  artifact: ArtifactDetails,
  isImmutable: IsImmutable,
): z.output<typeof artifactAnswer> {
  return {
    id: artifact.id,
    type: kindOf(artifact),
    media_type: artifact.artifactType || artifact.mediaType,
    manifest_media_type: artifact.mediaType,
    artifact_type: artifact.artifactType || artifact.mediaType,
    project_id: projectId,
    repository_id: artifact.repositoryId,
    repository_name: repositoryName,
    digest: artifact.digest,
    size: artifact.size,
    icon: '',
    push_time: timeOf(artifact.pushedAt),
    pull_time: artifact.pulledAt === undefined ? noTime : timeOf(artifact.pulledAt),
    ...(artifact.annotations === undefined ? {} : { annotations: artifact.annotations }),
    references: artifact.references.map(presentReference),
    tags: artifact.tags.map((tag) => presentTag(artifact, tag, isImmutable)),
    addition_links: additionLinksOf(repositoryName, artifact),
    labels: artifact.labels.map(presentLabel),
    accessories: artifact.accessories.map((each) => presentAccessory(artifact, repositoryName, each)),
  }
}

/** Whether rules of the project keep a tag where it is. */
export type IsImmutable = (tag: string) => boolean

/** By one question for all tags of an answer; none where the client does not ask. */
export async function immutabilityFor(
  { database }: HarborServices,
  wanted: boolean,
  projectId: number,
  name: RepositoryName,
): Promise<IsImmutable> {
  return wanted ? await readImmutability(database.read, projectId, name) : () => false
}

export function presentTag(
  artifact: Pick<ArtifactDetails, 'repositoryId'>,
  tag: ListedTag,
  isImmutable: IsImmutable,
): z.output<typeof tagAnswer> {
  return {
    id: tag.id,
    repository_id: artifact.repositoryId,
    artifact_id: tag.artifactId,
    name: tag.name,
    push_time: timeOf(tag.pushedAt),
    pull_time: tag.pulledAt === undefined ? noTime : timeOf(tag.pulledAt),
    immutable: isImmutable(tag.name),
  }
}

/** Where more about it is to be had; only what is there. */
function additionLinksOf(
  repositoryName: string,
  artifact: ArtifactDetails,
): z.output<typeof artifactAnswer>['addition_links'] {
  if (kindOf(artifact) !== 'IMAGE' || artifact.references.length > 0) return {}
  const [project = '', ...rest] = repositoryName.split('/')
  const repository = encodeURIComponent(encodeURIComponent(rest.join('/')))
  const href = `/api/v2.0/projects/${project}/repositories/${repository}/artifacts/${artifact.digest}/additions/build_history`
  return { build_history: { href, absolute: false } }
}

function presentReference({ parentId, childId, descriptor }: ArtifactDetails['references'][number]) {
  const { digest, platform: runsOn, annotations: notes, urls } = descriptor
  return {
    parent_id: parentId,
    child_id: childId,
    child_digest: digest,
    ...(runsOn === undefined ? {} : { platform: runsOn as z.output<typeof platform> }),
    ...(notes === undefined ? {} : { annotations: notes }),
    ...(urls === undefined ? {} : { urls: [...urls] }),
  }
}

function presentAccessory(
  artifact: Pick<ArtifactDetails, 'id'>,
  repositoryName: string,
  found: Accessory,
): z.output<typeof accessory> {
  return {
    id: found.artifactId,
    artifact_id: found.artifactId,
    subject_artifact_id: artifact.id,
    subject_artifact_digest: found.subject,
    subject_artifact_repo: repositoryName,
    size: found.size,
    digest: found.digest,
    type: found.type,
    icon: '',
    creation_time: timeOf(found.createdAt),
  }
}
