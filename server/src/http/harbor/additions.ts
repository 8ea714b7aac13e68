import { z } from 'zod'
import { readImageConfig } from '../../domain/artifacts/image-config.ts'
import { DomainError } from '../../domain/errors.ts'
import { artifactParams, findArtifact } from './artifacts.ts'
import { repositoryNameOf } from './repositories.ts'
import { route, type Route } from './route.ts'

const path = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/{addition}'

export const additionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path,
    tag: 'artifact',
    operationId: 'getAddition',
    summary: 'More about an artifact: the build history of an image.',
    access: { kind: 'project', permission: 'artifact-addition:read' },
    params: artifactParams.extend({ addition: z.string() }),
    answers: { 200: z.unknown() },
    handle: async ({ actor, params }, services) => {
      const { digest } = await findArtifact(services, params)
      const { content } = services
      const admission = await content.admit(actor, 'pull', repositoryNameOf(params))
      const manifest = await content.manifests.getManifest(admission, { kind: 'digest', digest })
      const config =
        params.addition === 'build_history' ? await readImageConfig(content.blobs, admission, manifest) : undefined
      if (config === undefined) {
        throw new DomainError('BAD_REQUEST', `this artifact has no addition ${params.addition.slice(0, 100)}`)
      }
      return { body: config.history, headers: { 'x-content-type-options': 'nosniff' } }
    },
  }),
]
