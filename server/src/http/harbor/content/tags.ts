import { z } from 'zod'
import { parseTagName } from '#contract/reference.ts'
import { pageTags } from '../../../domain/artifacts/artifact-list.ts'
import { untag } from '../../../domain/artifacts/delete.ts'
import { listTagMoves } from '../../../domain/artifacts/tag-history.ts'
import { createTag } from '../../../domain/artifacts/tags.ts'
import { DomainError } from '../../../domain/errors.ts'
import { createdAt, timeAnswer, timeOf, truthQuery } from '../frame/answers.ts'
import { presentTag, tagAnswer } from './artifact-answer.ts'
import { artifactParams, findArtifact, getRepositoryId } from './artifacts.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { immutabilityOf } from './shown-immutability.ts'
import { repositoryNameOf, repositoryParams } from './repositories.ts'
import { route, type Route } from '../frame/route.ts'

const collection = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/tags'

export const tagRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'artifact',
    operationId: 'listTags',
    summary: 'Tags of an artifact.',
    access: { kind: 'project', permission: 'tag:list' },
    params: artifactParams,
    query: z.object({ ...listQuery, with_immutable_status: truthQuery.default(false) }),
    answers: { 200: z.array(tagAnswer) },
    handle: async (call, services) => {
      const artifact = await findArtifact(services, call)
      const { rows, total } = await pageTags(services.database, artifact.id, listingOf(call.query))
      const repositoryName = repositoryNameOf(call)
      const shown = [{ repositoryName, tags: rows }]
      const isImmutable = (await immutabilityOf(services, call, call.project!.project.id, shown))(repositoryName)
      return pageAnswer(call, { rows, total }, (tag) => presentTag(artifact, tag, isImmutable))
    },
  }),

  route({
    method: 'POST',
    path: collection,
    tag: 'artifact',
    operationId: 'createTag',
    summary: 'Gives an artifact one more tag.',
    access: { kind: 'project', permission: 'tag:create' },
    params: artifactParams,
    body: z.object({ name: z.string() }),
    answers: { 201: null },
    handle: async (call, services) => {
      const name = parseTagName(call.body.name)
      const artifact = await findArtifact(services, call)
      const admission = await services.content.admit(call.actor, 'tag', repositoryNameOf(call))
      await createTag(services, admission, artifact, name)
      return createdAt(call.path, name)
    },
  }),

  route({
    method: 'DELETE',
    path: `${collection}/{tag_name}`,
    tag: 'artifact',
    operationId: 'deleteTag',
    summary: 'Takes a tag away; the artifact stays.',
    access: { kind: 'project', permission: 'tag:delete' },
    params: artifactParams.extend({ tag_name: z.string() }),
    answers: { 200: null },
    handle: async (call, services) => {
      const name = parseTagName(call.params.tag_name)
      const artifact = await findArtifact(services, call)
      const named = [{ kind: 'exact', key: 'name', value: name }] as const
      const { total } = await pageTags(services.database, artifact.id, { conditions: named, limit: 1, offset: 0 })
      if (total === 0)
        throw new DomainError('MANIFEST_UNKNOWN', `tag ${name} attached to artifact ${artifact.id} not found`)
      await untag(services.content, await services.content.admit(call.actor, 'untag', repositoryNameOf(call)), name)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: '/projects/{project_name}/repositories/{repository_name}/tags/{tag_name}/history',
    tag: 'tag history',
    operationId: 'listTagHistory',
    summary: 'Beyond Harbor: which artifacts a tag has named, who moved it and when; also of a tag that is gone.',
    access: { kind: 'project', permission: 'tag:list' },
    params: repositoryParams.extend({ tag_name: z.string() }),
    query: z.object(pageQuery),
    answers: {
      200: z.array(
        z.object({
          digest: z.string().optional(),
          username: z.string().optional().describe('Left out for who asks without an account.'),
          moved_at: timeAnswer,
        }),
      ),
    },
    handle: async (call, services) => {
      const repositoryId = await getRepositoryId(services, call)
      const tag = parseTagName(call.params.tag_name)
      const { rows, total } = await listTagMoves(services.database, repositoryId, tag, pageOf(call.query))
      const isNamed = call.actor.kind !== 'anonymous'
      return pageAnswer(call, { rows, total }, ({ digest, username, movedAt }) => ({
        digest,
        ...(isNamed ? { username } : {}),
        moved_at: timeOf(movedAt),
      }))
    },
  }),
]
