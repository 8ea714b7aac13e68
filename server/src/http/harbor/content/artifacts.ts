import { z } from 'zod'
import { ContractError } from '#contract/contract-error.ts'
import { parseReference, type Reference } from '#contract/reference.ts'
import { parseRepositoryName, type RepositoryName } from '#contract/repository-name.ts'
import type { ArtifactDetails, ArtifactParts } from '../../../domain/artifacts/artifact-details.ts'
import { findArtifactBy, pageArtifacts } from '../../../domain/artifacts/artifact-list.ts'
import { readManifestFacts } from '../../../domain/artifacts/manifest-facts.ts'
import { pageAccessories, type Accessory } from '../../../domain/artifacts/accessories.ts'
import type { Actor } from '../../../domain/access/actor.ts'
import type { Admission } from '../../../domain/access/admission.ts'
import { copyArtifact } from '../../../domain/artifacts/copy.ts'
import { deleteManifest } from '../../../domain/artifacts/delete.ts'
import { readChartMetadata } from '../../../domain/artifacts/chart.ts'
import { readImageConfig } from '../../../domain/artifacts/image-config.ts'
import type { StoredManifest } from '../../../domain/artifacts/pull.ts'
import { bestSignaturesIn } from '../../../domain/signatures/recorded-signatures.ts'
import { findRepositoryId, repositoryUnknown } from '../../../domain/projects/repositories.ts'
import { DomainError } from '../../../domain/errors.ts'
import { createdAt, truthQuery } from '../frame/answers.ts'
import { scanConditions } from '../../../domain/scanning/artifact-conditions.ts'
import { accessoryAnswer, artifactAnswer, presentAccessory, presentArtifact } from './artifact-answer.ts'
import { scansOf } from './shown-scans.ts'
import { immutabilityOf } from './shown-immutability.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer, pageQuery } from '../frame/paging.ts'
import { repositoryNameOf, repositoryParams, type RepositoryCall } from './repositories.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

/** What may come along with an artifact. */
export const partsQuery = {
  with_tag: truthQuery.default(true),
  with_accessory: truthQuery.default(false),
  with_label: truthQuery.default(false),
  with_scan_overview: truthQuery.default(false),
  with_sbom_overview: truthQuery.default(false),
  with_immutable_status: truthQuery.default(false),
  with_inherited_accessory: truthQuery.default(false),
}

export function partsOf(query: z.output<z.ZodObject<typeof partsQuery>>): ArtifactParts {
  return {
    tags: query.with_tag,
    accessories: query.with_accessory,
    inheritedAccessories: query.with_inherited_accessory,
    labels: query.with_label,
  }
}

export const artifactParams = repositoryParams.extend({ reference: z.string() })

/** A call whose path names an artifact of a repository. */
export type ArtifactCall = RepositoryCall<z.output<typeof artifactParams>>

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
      const name = repositoryNameOf(call)
      const projectId = call.project!.project.id
      const listing = listingOf(call.query)
      const repositoryId = await findRepositoryId(services.database.read, { projectId, name })
      // Harbor lists by the name and looks for no repository: one that is not there has no artifacts.
      if (repositoryId === undefined) return pageAnswer(call, { rows: [], total: 0 }, (row) => row)
      const within = { repositoryId, having: scanConditions(listing.conditions) }
      const { rows, total } = await pageArtifacts(services, within, listing, partsOf(call.query))
      const shown = rows.map(({ tags }) => ({ repositoryName: name, tags }))
      const immutability = await immutabilityOf(services, call, projectId, shown)
      const scanOf = await scansOf(services, call, rows)
      const present = (row: ArtifactDetails) => ({
        ...presentArtifact(projectId, name, row, immutability(name)),
        ...scanOf(row),
      })
      return pageAnswer(call, { rows, total }, present)
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
    handle: async (call, { content, ...services }) => {
      const from = parseArtifactName(call.query.from)
      const source = await content.admit(call.actor, 'copy-from', from.repository)
      const target = await content.admit(call.actor, 'copy', repositoryNameOf(call))
      await copyArtifact({ ...services, ...content }, source, target, from.reference)
      // Named as the client named it, as in Harbor.
      return createdAt(call.path, from.reference.kind === 'tag' ? from.reference.tag : from.reference.digest)
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
    handle: async (call, services) => {
      const { actor, query, project } = call
      const artifact = await findArtifact(services, call, partsOf(query))
      const [projectId, name] = [project!.project.id, repositoryNameOf(call)]
      const immutability = await immutabilityOf(services, call, projectId, [
        { repositoryName: name, tags: artifact.tags },
      ])
      const scanOf = await scansOf(services, call, [artifact])
      const shown = { ...presentArtifact(projectId, name, artifact, immutability(name)), ...scanOf(artifact) }
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
    handle: async (call, services) => {
      const { digest } = await findArtifact(services, call)
      const admission = await services.content.admit(call.actor, 'delete', repositoryNameOf(call))
      await deleteManifest(services.content, admission, digest)
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
    answers: { 200: z.array(accessoryAnswer) },
    handle: async (call, services) => {
      const artifact = await findArtifact(services, call)
      const { rows, total } = await pageAccessories(services.database.read, artifact, listingOf(call.query))
      const name = repositoryNameOf(call)
      const facts = await readManifestFacts(
        services.database.read,
        rows.map(({ artifactId }) => artifactId),
      )
      const best = await bestSignaturesIn(
        services.database.read,
        { repositoryId: artifact.repositoryId, subject: artifact.digest },
        rows.map(({ digest }) => digest),
      )
      const present = (each: Accessory) =>
        presentAccessory(artifact, name, each, {
          facts: facts.get(each.artifactId),
          signature: best.get(each.digest),
        })
      return pageAnswer(call, { rows, total }, present)
    },
  }),
]

/** `project/repository:tag` or `project/repository@digest`. @throws ContractError */
function parseArtifactName(text: string): { repository: RepositoryName; reference: Reference } {
  const at = text.indexOf('@')
  const end = at >= 0 ? at : text.lastIndexOf(':')
  if (end < 0) throw new DomainError('BAD_REQUEST', `invalid input: ${text}; it is project/repository:tag or @digest`)
  return { repository: parseRepositoryName(text.slice(0, end)), reference: parseReference(text.slice(end + 1)) }
}

/** Of the repository that a path names, in the project that was found. @throws DomainError REPOSITORY_UNKNOWN */
export async function getRepositoryId({ database }: HarborServices, call: RepositoryCall): Promise<number> {
  const repository = { projectId: call.project!.project.id, name: repositoryNameOf(call) }
  const id = await findRepositoryId(database.read, repository)
  if (id === undefined) throw repositoryUnknown(repository.name)
  return id
}

/** @throws DomainError REPOSITORY_UNKNOWN, MANIFEST_UNKNOWN */
export async function findArtifact(
  services: HarborServices,
  call: ArtifactCall,
  parts: ArtifactParts = { tags: false, accessories: false, labels: false },
): Promise<ArtifactDetails> {
  const repositoryId = await getRepositoryId(services, call)
  const reference = readReference(call.params.reference)
  const found =
    reference === undefined ? undefined : await findArtifactBy(services.database, repositoryId, reference, parts)
  if (found !== undefined) return found
  const { reference: said } = call.params
  const name = `${repositoryNameOf(call)}${said.includes(':') ? '@' : ':'}${said.slice(0, 200)}`
  throw new DomainError('MANIFEST_UNKNOWN', `artifact ${name} not found`)
}

/** What is neither a tag nor a digest names nothing, as in Harbor. */
function readReference(text: string): Reference | undefined {
  try {
    return parseReference(text)
  } catch (error) {
    if (error instanceof ContractError) return undefined
    throw error
  }
}

/**
 * The manifest behind an artifact, for somebody who may read what it is made of.
 * @throws DomainError as `findArtifact`, and of the gates of reading an addition
 */
export async function openManifest(
  call: ArtifactCall & { readonly actor: Actor },
  services: HarborServices,
): Promise<{ readonly admission: Admission<'read-addition'>; readonly manifest: StoredManifest }> {
  const { content } = services
  const { digest } = await findArtifact(services, call)
  const admission = await content.admit(call.actor, 'read-addition', repositoryNameOf(call))
  return { admission, manifest: await content.manifests.getManifest(admission, { kind: 'digest', digest }) }
}

/** What an image or a chart says about itself. For one artifact alone: it reads a blob, which a list does not. */
async function extraAttributesOf(
  { content }: HarborServices,
  actor: Actor,
  name: RepositoryName,
  { digest }: ArtifactDetails,
): Promise<Record<string, unknown> | undefined> {
  try {
    const admission = await content.admit(actor, 'read-artifact', name)
    const manifest = await content.manifests.getManifest(admission, { kind: 'digest', digest })
    const image = await readImageConfig(content.blobs, admission, manifest)
    if (image === undefined) return await readChartMetadata({ blobs: content.blobs, admission, manifest })
    const { architecture, os, author, created, config } = image
    return { architecture, os, author, created, config }
  } catch (error) {
    if (error instanceof DomainError && ['FORBIDDEN', 'UNAUTHENTICATED', 'BAD_REQUEST'].includes(error.code))
      return undefined
    throw error
  }
}
