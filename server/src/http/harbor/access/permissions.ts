import { z } from 'zod'
import { isSystemAdministrator } from '../../../domain/access/actor.ts'
import { grantablePermissions } from '../../../domain/access/roles/grantable-permissions.ts'
import { permissionAnswer } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

export const permissionsRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/permissions',
    tag: 'permissions',
    operationId: 'getPermissions',
    summary: 'What a robot may be given.',
    access: { kind: 'signed-in' },
    answers: { 200: z.object({ system: z.array(permissionAnswer).optional(), project: z.array(permissionAnswer) }) },
    handle: async ({ actor }) => {
      const { system, project } = grantablePermissions
      return { body: isSystemAdministrator(actor) ? { system, project } : { project } }
    },
  }),
]
