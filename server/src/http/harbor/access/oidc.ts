import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import { route, type Route } from '../frame/route.ts'

export const oidcRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/system/oidc/ping',
    tag: 'oidc',
    operationId: 'pingOIDC',
    summary: 'Tries whether there is an OIDC provider at an address.',
    access: { kind: 'system-administrator' },
    body: z.object({ url: z.string().max(2_048).default(''), verify_cert: z.boolean().default(true) }),
    answers: { 200: null },
    handle: async ({ body }, { oidc }) => {
      const problem = await oidc.test(body.url, body.verify_cert)
      if (problem !== undefined) throw new DomainError('BAD_REQUEST', `failed to verify connection: ${problem}`)
      return {}
    },
  }),
]
