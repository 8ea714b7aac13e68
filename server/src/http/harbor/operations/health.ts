import { z } from 'zod'
import { route, type Route } from '../frame/route.ts'

const component = z.object({ name: z.string(), status: z.string(), error: z.string().optional() })

export const healthRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/health',
    tag: 'health',
    operationId: 'getHealth',
    summary: 'Whether the registry and what it stands on work.',
    access: { kind: 'anyone' },
    answers: { 200: z.object({ status: z.string(), components: z.array(component) }) },
    handle: async (_call, { system }) => {
      const { database, storage } = await system.health()
      // One process does the work of Harbor's core and job service; where they fail is in the parts below them.
      const components = [
        present('core', true),
        present('database', database),
        present('jobservice', database),
        present('registry', storage),
      ]
      const healthy = database && storage
      return { body: { status: healthy ? 'healthy' : 'unhealthy', components } }
    },
  }),
]

function present(name: string, healthy: boolean): z.output<typeof component> {
  return healthy ? { name, status: 'healthy' } : { name, status: 'unhealthy', error: `${name} cannot be used` }
}
