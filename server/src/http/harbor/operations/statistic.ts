import { z } from 'zod'
import { getStatistics } from '../../../domain/artifacts/search.ts'
import { route, type Route } from '../frame/route.ts'

const count = z.number().int()

export const statisticRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/statistics',
    tag: 'statistic',
    operationId: 'getStatistic',
    summary: 'How many projects and repositories there are; everything for system administrators.',
    access: { kind: 'signed-in' },
    answers: {
      200: z.object({
        private_project_count: count,
        private_repo_count: count,
        public_project_count: count,
        public_repo_count: count,
        total_project_count: count,
        total_repo_count: count,
        total_storage_consumption: count,
        logical_storage_consumption: count
          .optional()
          .describe('Beyond Harbor: sizes of all artifacts, whatever they share. For system administrators.'),
      }),
    },
    handle: async ({ actor }, { database, usage }) => {
      const found = await getStatistics(database, usage, actor)
      const all = found.storageBytes !== undefined
      return {
        body: {
          private_project_count: found.privateProjects,
          private_repo_count: found.privateRepositories,
          public_project_count: found.publicProjects,
          public_repo_count: found.publicRepositories,
          total_project_count: all ? found.publicProjects + found.privateProjects : 0,
          total_repo_count: all ? found.publicRepositories + found.privateRepositories : 0,
          total_storage_consumption: found.storageBytes ?? 0,
          logical_storage_consumption: found.logicalBytes,
        },
      }
    },
  }),
]
