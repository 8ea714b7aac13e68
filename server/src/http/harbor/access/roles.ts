import { z } from 'zod'
import { createdAt, idParam } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const roleAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  description: z.string(),
  permissions: z.array(z.string()),
  built_in: z.boolean(),
})

/** Strict: a word that is passed over might have narrowed the role. The first two clients send back as they read them. */
const roleBody = z.strictObject({
  id: z.unknown().optional(),
  built_in: z.unknown().optional(),
  name: z.string().default(''),
  description: z.string().default(''),
  permissions: z.array(z.string()).max(500).default([]),
})

const oneRole = z.object({ role_id: idParam })
const item = '/roles/{role_id}'

/** Beyond Harbor: roles in projects that an administrator composes of permissions. */
export const roleRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/roles',
    tag: 'role',
    operationId: 'listRoles',
    summary: 'The roles of projects: those of Harbor and the composed ones, with what they give.',
    access: { kind: 'signed-in' },
    answers: { 200: z.array(roleAnswer) },
    handle: async ({ actor }, { roles }) => ({
      body: (await roles.listRoles(actor)).map(({ builtIn, permissions, ...role }) => ({
        ...role,
        permissions: [...permissions],
        built_in: builtIn,
      })),
    }),
  }),

  route({
    method: 'POST',
    path: '/roles',
    tag: 'role',
    operationId: 'createRole',
    summary: 'Composes a role.',
    access: { kind: 'security-administrator' },
    body: roleBody,
    answers: { 201: null },
    handle: async ({ actor, body, path }, { roles }) => createdAt(path, await roles.createRole(actor, body)),
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'role',
    operationId: 'updateRole',
    summary: 'Changes a composed role; for its members this counts from their next request on.',
    access: { kind: 'security-administrator' },
    params: oneRole,
    body: roleBody,
    answers: { 200: null },
    handle: async ({ actor, params, body }, { roles }) => {
      await roles.updateRole(actor, params.role_id, body)
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'role',
    operationId: 'deleteRole',
    summary: 'Deletes a composed role that nobody has.',
    access: { kind: 'security-administrator' },
    params: oneRole,
    answers: { 200: null },
    handle: async ({ actor, params }, { roles }) => {
      await roles.deleteRole(actor, params.role_id)
      return {}
    },
  }),
]
