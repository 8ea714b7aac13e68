import { z } from 'zod'
import type { Actor } from '../../../domain/access/actor.ts'
import { duties } from '../../../domain/access/roles/duties.ts'
import { changePassword } from '../../../domain/access/credentials/password-change.ts'
import type { OidcIdentity } from '../../../domain/access/accounts/user-rules.ts'
import type { User } from '../../../domain/access/accounts/user.ts'
import { DomainError } from '../../../domain/errors.ts'
import { createdAt, idParam, permissionAnswer, timeAnswer, timeOf, truthQuery } from '../frame/answers.ts'
import { currentPermissions } from './current-permissions.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route, type RouteAccess } from '../frame/route.ts'

const userAnswer = z.object({
  user_id: z.number().int(),
  username: z.string(),
  email: z.string().optional(),
  realname: z.string().optional(),
  comment: z.string().optional(),
  source: z.enum(['local', 'ldap', 'oidc']).describe('Beyond Harbor: where the person proves who they are.'),
  sysadmin_flag: z.boolean(),
  admin_role_in_auth: z.boolean(),
  disabled: z.boolean().optional().describe('Beyond Harbor: true for an account that can do nothing; else left out.'),
  duty: z.enum(duties).optional().describe('Beyond Harbor: what the account administers apart from the system.'),
  second_factor: z
    .boolean()
    .optional()
    .describe('Beyond Harbor: true for an account that shows a code beside its password; else left out.'),
  creation_time: timeAnswer,
  update_time: timeAnswer,
  oidc_user_meta: z
    .object({
      id: z.number().int(),
      user_id: z.number().int(),
      subiss: z.string(),
      creation_time: timeAnswer,
      update_time: timeAnswer,
    })
    .optional(),
})

const profileBody = z.object({
  email: z.string().max(255).default(''),
  realname: z.string().default(''),
  comment: z.string().default(''),
})

/** Strict, as everything that says who somebody is. Of a directory: nothing; of a provider: both. */
const identityBody = z.strictObject({
  issuer: z.url('should be the URL of the issuer').max(2_000).optional(),
  subject: z.string().min(1).max(255).optional().describe('`sub` of the ID token.'),
})

const oneUser = z.object({ user_id: idParam })
const selfOrAdministrator: RouteAccess = { kind: 'own-rule', why: 'the user themselves and system administrators' }

export const userRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/users',
    tag: 'user',
    operationId: 'listUsers',
    summary: 'The accounts.',
    access: { kind: 'system', permission: 'user:list' },
    query: z.object({
      ...listQuery,
      username: z.string().optional(),
      email: z.string().optional(),
      any_name: z.string().optional().describe('Beyond Harbor: in the username, the real name or the email address.'),
    }),
    answers: { 200: z.array(userAnswer) },
    handle: async (call, { profiles }) => {
      const { username, email, any_name: anyName } = call.query
      const filter = { username: username || undefined, email: email || undefined, anyName: anyName || undefined }
      const { rows, total } = await profiles.listUsers(call.actor, filter, listingOf(call.query))
      return pageAnswer(call, { rows, total }, presentUser)
    },
  }),

  route({
    method: 'POST',
    path: '/users',
    tag: 'user',
    operationId: 'createUser',
    summary: 'Creates an account.',
    access: { kind: 'own-rule', why: 'system administrators; everyone for themselves where self registration is on' },
    body: profileBody.extend({ username: z.string().max(255).default(''), password: z.string().default('') }),
    answers: { 201: null },
    handle: async (call, { registration }) => {
      const { username, password, email, realname, comment } = call.body
      const user = await registration.registerUser(call.actor, {
        username,
        password,
        email,
        realName: realname,
        comment,
      })
      return createdAt(call.path, user.id)
    },
  }),

  route({
    method: 'GET',
    path: '/users/current',
    tag: 'user',
    operationId: 'getCurrentUserInfo',
    summary: 'The account of who asks.',
    access: { kind: 'signed-in' },
    answers: { 200: userAnswer },
    handle: async ({ actor }, { profiles }) => ({ body: presentUser(await profiles.getUserById(actor, idOf(actor))) }),
  }),

  route({
    method: 'GET',
    path: '/users/current/permissions',
    tag: 'user',
    operationId: 'getCurrentUserPermissions',
    summary: 'What who asks may do, in the registry or in the project that `scope` names.',
    access: { kind: 'signed-in' },
    query: z.object({ scope: z.string().max(255).default(''), relative: truthQuery.default(false) }),
    answers: { 200: z.array(permissionAnswer) },
    handle: async ({ actor, query }, { database }) => ({
      body: await currentPermissions(database, actor, query.scope, query.relative),
    }),
  }),

  route({
    method: 'GET',
    path: '/users/search',
    tag: 'user',
    operationId: 'searchUsers',
    summary: 'Names and ids of accounts, for who adds a member.',
    access: { kind: 'signed-in' },
    query: z.object({ ...pageQuery, username: z.string().max(255) }),
    answers: { 200: z.array(z.object({ user_id: z.number().int(), username: z.string() })) },
    handle: async (call, { profiles }) => {
      const { rows, total } = await profiles.searchUsers(call.actor, call.query.username, pageOf(call.query))
      return pageAnswer(call, { rows, total }, ({ id, username }) => ({ user_id: id, username }))
    },
  }),

  route({
    method: 'GET',
    path: '/users/{user_id}',
    tag: 'user',
    operationId: 'getUser',
    summary: 'One account.',
    access: selfOrAdministrator,
    params: oneUser,
    answers: { 200: userAnswer },
    handle: async ({ actor, params }, { profiles }) => ({
      body: presentUser(await profiles.getUserById(actor, params.user_id)),
    }),
  }),

  route({
    method: 'PUT',
    path: '/users/{user_id}',
    tag: 'user',
    operationId: 'updateUserProfile',
    summary: 'Changes what an account tells about its owner.',
    access: selfOrAdministrator,
    params: oneUser,
    body: profileBody,
    answers: { 200: null },
    handle: async ({ actor, params, body }, { profiles }) => {
      const { email, realname, comment } = body
      await profiles.updateProfile(actor, params.user_id, { email, realName: realname, comment })
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: '/users/{user_id}',
    tag: 'user',
    operationId: 'deleteUser',
    summary: 'Deletes an account and its memberships.',
    access: { kind: 'system', permission: 'user:delete' },
    params: oneUser,
    answers: { 200: null },
    handle: async ({ actor, params }, { users, profiles }) => {
      const { username } = await profiles.getUserById(actor, params.user_id, 'user:delete')
      await users.deleteUser(actor, username)
      return {}
    },
  }),

  route({
    method: 'PUT',
    path: '/users/{user_id}/sysadmin',
    tag: 'user',
    operationId: 'setUserSysAdmin',
    summary: 'Makes somebody a system administrator or takes it back.',
    access: { kind: 'system-administrator' },
    params: oneUser,
    body: z.object({ sysadmin_flag: z.boolean().default(false) }),
    answers: { 200: null },
    handle: async ({ actor, params, body }, { users, profiles }) => {
      const { username } = await profiles.getUserById(actor, params.user_id)
      await users.setAdmin(actor, username, body.sysadmin_flag)
      return {}
    },
  }),

  route({
    method: 'PUT',
    path: '/users/{user_id}/disabled',
    tag: 'user',
    operationId: 'setUserDisabled',
    summary:
      'Beyond Harbor: disables an account, whose sessions and tokens end at once, or lets it sign in again. It keeps its roles.',
    access: { kind: 'system-administrator' },
    params: oneUser,
    body: z.strictObject({ disabled: z.boolean() }),
    answers: { 200: null },
    handle: async ({ actor, params, body }, { users, profiles }) => {
      const { username } = await profiles.getUserById(actor, params.user_id)
      await (body.disabled ? users.disableUser(actor, username) : users.enableUser(actor, username))
      return {}
    },
  }),

  route({
    method: 'PUT',
    path: '/users/{user_id}/duty',
    tag: 'user',
    operationId: 'setUserDuty',
    summary:
      'Beyond Harbor: has somebody administer security or the audit log, apart from the system. The first one is appointed so; others on the machine of the registry.',
    access: { kind: 'system-administrator' },
    params: oneUser,
    body: z.strictObject({ duty: z.enum([...duties, 'none']) }),
    answers: { 200: null },
    handle: async ({ actor, params, body: { duty } }, { users, profiles }) => {
      const { username } = await profiles.getUserById(actor, params.user_id)
      await users.setDuty(actor, username, duty === 'none' ? undefined : duty)
      return {}
    },
  }),

  route({
    method: 'PUT',
    path: '/users/{user_id}/identity',
    tag: 'user',
    operationId: 'relinkUser',
    summary: 'Beyond Harbor: hands an account of a directory or a provider over to whoever is its person there now.',
    access: { kind: 'system-administrator' },
    params: oneUser,
    body: identityBody,
    answers: { 200: null },
    handle: async ({ actor, params, body }, { users, profiles }) => {
      const identity = identityIn(body)
      const { username } = await profiles.getUserById(actor, params.user_id)
      await users.relinkUser(actor, username, identity)
      return {}
    },
  }),

  route({
    method: 'PUT',
    path: '/users/{user_id}/password',
    tag: 'user',
    operationId: 'updateUserPassword',
    summary: 'Sets a password; who sets their own tells the old one.',
    access: selfOrAdministrator,
    params: oneUser,
    body: z.object({ old_password: z.string().default(''), new_password: z.string().default('') }),
    answers: { 200: null },
    handle: async ({ actor, params, body, clientAddress }, services) => {
      const user = await services.profiles.getUserById(actor, params.user_id)
      const { old_password: oldPassword, new_password: newPassword } = body
      await changePassword(services, actor, user, { oldPassword, newPassword, clientAddress })
      return {}
    },
  }),

  route({
    method: 'PUT',
    path: '/users/{user_id}/cli_secret',
    tag: 'user',
    operationId: 'setCliSecret',
    summary: 'Sets the secret that stands for the password of people who sign in elsewhere.',
    access: selfOrAdministrator,
    params: oneUser,
    body: z.object({ secret: z.string().default('') }),
    answers: { 200: null },
    handle: async ({ actor, params, body }, { profiles, cliSecrets }) => {
      const user = await profiles.getUserById(actor, params.user_id)
      await cliSecrets.setSecret(actor, user, body.secret)
      return {}
    },
  }),
]

/** @throws DomainError BAD_REQUEST */
function identityIn({ issuer, subject }: z.output<typeof identityBody>): OidcIdentity | undefined {
  if ((issuer === undefined) !== (subject === undefined))
    throw new DomainError('BAD_REQUEST', 'issuer and subject belong together: give both, or none for a directory')
  return issuer === undefined || subject === undefined ? undefined : { issuer, subject }
}

/** Not everybody who may ask is a user. */
function idOf(actor: Actor): number {
  if (actor.kind === 'user') return actor.id
  throw new DomainError('PRECONDITION', `there is no account behind ${actor.kind}`)
}

export function presentUser(user: User): z.output<typeof userAnswer> {
  return {
    user_id: user.id,
    username: user.username,
    email: user.email,
    // Empty text is left out, as Harbor's generated code does.
    realname: user.realName || undefined,
    comment: user.comment || undefined,
    source: user.source,
    sysadmin_flag: user.admin,
    admin_role_in_auth: user.adminByGroup,
    disabled: user.disabled || undefined,
    duty: user.duty,
    second_factor: user.secondFactor || undefined,
    creation_time: timeOf(user.createdAt),
    update_time: timeOf(user.updatedAt),
    oidc_user_meta: user.source === 'oidc' ? presentOidcMeta(user) : undefined,
  }
}

/** Without the CLI secret: only a hash of that is kept. */
function presentOidcMeta({ id, externalId = '', createdAt: created, updatedAt: updated }: User) {
  const times = { creation_time: timeOf(created), update_time: timeOf(updated) }
  return { id, user_id: id, subiss: externalId, ...times }
}
