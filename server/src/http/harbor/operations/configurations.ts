import { z } from 'zod'
import { settingKeyOf, settingNames } from '../../../domain/settings/setting-keys.ts'
import { harborError } from '../frame/harbor-error.ts'
import { route, type Route } from '../frame/route.ts'

const item = z.object({ value: z.union([z.string(), z.number(), z.boolean()]), editable: z.boolean() })
const scanAllPolicy = z.object({ type: z.literal('none') })
/** Harbor always tells it, and in another form than the settings. The schedule of scanning everything is told by its own operation. */
const nothingScans: z.output<typeof scanAllPolicy> = { type: 'none' }

export const configureRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/configurations',
    tag: 'configure',
    operationId: 'getConfigurations',
    summary: 'The settings, without their secrets.',
    access: { kind: 'system-administrator' },
    answers: { 200: z.object({ scan_all_policy: scanAllPolicy }).catchall(item) },
    handle: async (_call, { settings }) => {
      const values = await settings.getSettings()
      const shown = settingNames.filter((name) => settingKeyOf(name).secret !== true)
      const items = shown.map((name) => [name, { value: values[name], editable: !(name in settings.fixed) }])
      return { body: { ...Object.fromEntries(items), scan_all_policy: nothingScans } }
    },
  }),

  route({
    method: 'PUT',
    path: '/configurations',
    tag: 'configure',
    operationId: 'updateConfigurations',
    summary: 'Changes the settings that the body names.',
    access: {
      kind: 'own-rule',
      why: 'system administrators; of the audit log: audit administrators, where there are some',
    },
    body: z.record(z.string(), z.unknown()),
    answers: { 200: null },
    handle: async ({ actor, body }, { settings }) => {
      await settings.updateSettings(actor, body)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: '/internalconfig',
    tag: 'configure',
    operationId: 'getInternalconfig',
    summary: "For Harbor's own components, which are not there.",
    access: { kind: 'anyone' },
    answers: { 401: null },
    handle: async () => harborError(401, 'UNAUTHORIZED', 'unauthorized'),
  }),
]
