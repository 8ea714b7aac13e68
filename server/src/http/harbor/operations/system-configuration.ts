import { z } from 'zod'
import { route, type Route } from '../frame/route.ts'

const settingAnswer = z.object({
  path: z.string().describe('As in berth.yml: http.port.'),
  value: z.unknown().describe('As written, or the default; left out where there is none.'),
  source: z.string().optional().describe('The file, variable or flag that says so; left out for a default.'),
  hidden: z.boolean().describe('Its value, or a part of it, is kept back.'),
})

export const systemConfigurationRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/system/configuration',
    tag: 'configure',
    operationId: 'getSystemConfiguration',
    summary: 'Beyond Harbor: the configuration that this process was started with, without secrets.',
    access: { kind: 'system-administrator' },
    answers: { 200: z.object({ settings: z.array(settingAnswer) }) },
    handle: async (_call, { system }) => ({ body: { settings: system.configuration } }),
  }),
]
