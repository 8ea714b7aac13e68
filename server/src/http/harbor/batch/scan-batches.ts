import { answerBatch, batchAnswer, batchBody } from '../frame/batch.ts'
import { route, type Route } from '../frame/route.ts'
import { repositoryParams } from '../content/repositories.ts'
import { inRepository, openRepository, reference } from './content-batches.ts'

/** Beyond Harbor: scans of many artifacts, asked for by one request. */
export const scanBatchRoutes: readonly Route[] = (['scan', 'stop'] as const).map((verb) =>
  route({
    method: 'POST',
    path: `${inRepository}/${verb === 'scan' ? 'scan-artifacts' : 'stop-scans'}`,
    tag: 'batch',
    operationId: verb === 'scan' ? 'scanArtifacts' : 'stopScans',
    summary:
      verb === 'scan'
        ? 'Scans artifacts of a repository. Their last good reports stay until the new ones are whole.'
        : 'Stops the scans of artifacts of a repository that are not finished.',
    access: { kind: 'project', permission: verb === 'scan' ? 'scan:create' : 'scan:stop' },
    params: repositoryParams,
    body: batchBody(reference),
    answers: { 200: batchAnswer },
    handle: async (call, services) => {
      const { placed } = await openRepository(services, call)
      return await answerBatch(call, services, async (item) => {
        const { id: artifactId, ...artifact } = await placed(item)
        const target = { artifactId, ...artifact }
        if (verb === 'scan') await services.scans.start({ actor: call.actor, target, kind: 'vulnerability' })
        else await services.scans.stop(call.actor, target, 'vulnerability')
      })
    },
  }),
)
