import { z } from 'zod'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { harborError } from '../frame/harbor-error.ts'
import { route, type Route } from '../frame/route.ts'

const generalInfo = z.object({
  auth_mode: z.string(),
  primary_auth_mode: z.boolean(),
  self_registration: z.boolean(),
  banner_message: z.string(),
  oidc_provider_name: z.string().optional(),
  current_time: timeAnswer.optional(),
  registry_url: z.string().optional(),
  external_url: z.string().optional(),
  project_creation_restriction: z.string().optional(),
  has_ca_root: z.boolean().optional(),
  /** Clients must be told of its authority; absent where TLS is not ours. */
  private_certificate: z.boolean().optional(),
  harbor_version: z.string().optional(),
  registry_storage_provider_name: z.string().optional(),
  read_only: z.boolean().optional(),
  notification_enable: z.boolean().optional(),
})

export const systeminfoRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/systeminfo',
    tag: 'systeminfo',
    operationId: 'getSystemInfo',
    summary: 'How people sign in; with an account also what this registry is.',
    access: { kind: 'own-rule', why: 'everyone sees how to sign in; the rest is for who has signed in' },
    answers: { 200: generalInfo },
    handle: async ({ request, actor }, { settings, system, clock }) => {
      const values = await settings.getSettings()
      const open = {
        auth_mode: values.auth_mode,
        primary_auth_mode: values.primary_auth_mode,
        self_registration: values.self_registration,
        banner_message: values.banner_message,
        ...(values.auth_mode === 'oidc_auth' ? { oidc_provider_name: values.oidc_name } : {}),
      }
      if (actor.kind === 'anonymous') return { body: open }
      const origin = system.originOf(request)
      const certificate = await system.certificate()
      return {
        body: {
          ...open,
          current_time: timeOf(clock.now()),
          registry_url: new URL(origin).host,
          external_url: origin,
          project_creation_restriction: values.project_creation_restriction,
          has_ca_root: certificate?.authority !== undefined,
          private_certificate: certificate?.isPrivate,
          harbor_version: system.harborVersion,
          registry_storage_provider_name: system.storageProvider,
          read_only: values.read_only,
          notification_enable: values.notification_enable,
        },
      }
    },
  }),

  route({
    method: 'GET',
    path: '/systeminfo/volumes',
    tag: 'systeminfo',
    operationId: 'getVolumes',
    summary: 'How large the storage is and how much of it is free.',
    access: { kind: 'system', permission: 'system-volumes:read' },
    answers: { 200: z.object({ storage: z.array(z.object({ total: z.number().int(), free: z.number().int() })) }) },
    handle: async (_call, { system }) => {
      const { totalBytes, freeBytes } = await system.volume()
      return { body: { storage: [{ total: totalBytes, free: freeBytes }] } }
    },
  }),

  route({
    method: 'GET',
    path: '/systeminfo/getcert',
    tag: 'systeminfo',
    operationId: 'getCert',
    summary: 'The certificate of the authority that signed ours, where the registry has made its own.',
    access: { kind: 'anyone' },
    answers: { 200: z.string(), 404: null },
    handle: async (_call, { system }) => {
      const authority = (await system.certificate())?.authority
      if (authority === undefined)
        return harborError(404, 'NOT_FOUND', 'this registry has no certificate authority of its own')
      const headers = { 'content-type': 'application/x-x509-ca-cert', 'x-content-type-options': 'nosniff' }
      return new Response(authority, {
        headers: { ...headers, 'content-disposition': 'attachment; filename="ca.crt"' },
      })
    },
  }),
]
