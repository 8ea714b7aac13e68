import { z } from 'zod'
import { route, type Route } from '../frame/route.ts'

export const pingRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/ping',
    tag: 'ping',
    operationId: 'getPing',
    summary: 'Says that the API answers.',
    access: { kind: 'anyone' },
    answers: { 200: z.string() },
    handle: async () => new Response('Pong', { headers: { 'content-type': 'text/plain; charset=utf-8' } }),
  }),
]
