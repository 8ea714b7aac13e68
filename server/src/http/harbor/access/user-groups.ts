import { z } from 'zod'
import type { GroupIdentity, UserGroup, UserGroupKind } from '../../../domain/access/accounts/user-groups.ts'
import { DomainError } from '../../../domain/errors.ts'
import { createdAt, givenId, idParam } from '../frame/answers.ts'
import { pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const groupAnswer = z.object({
  id: z.number().int(),
  group_name: z.string(),
  group_type: z.number().int(),
  ldap_group_dn: z.string().optional(),
})

const groupBody = z.object({
  id: z.number().int().nullish(),
  group_name: z.string().nullish(),
  group_type: z.number().int().nullish(),
  ldap_group_dn: z.string().nullish(),
})

/** What a client sends to name a group. */
export type GroupBody = z.output<typeof groupBody>

const oneGroup = z.object({ group_id: idParam })
const item = '/usergroups/{group_id}'
const noGroupId = 'the group id should be provided'

/** Harbor's numbers. */
const kinds: readonly (readonly [number, UserGroupKind])[] = [
  [1, 'ldap'],
  [2, 'http'],
  [3, 'oidc'],
]

export const userGroupRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/usergroups',
    tag: 'usergroup',
    operationId: 'listUserGroups',
    summary: 'The groups of accounts.',
    access: { kind: 'system', permission: 'user-group:list' },
    query: z.object({ ...pageQuery, ldap_group_dn: z.string().optional(), group_name: z.string().optional() }),
    answers: { 200: z.array(groupAnswer) },
    handle: async (call, { userGroups, directory }) => {
      const { ldap_group_dn: dn, group_name: name } = call.query
      const filter = { name: name || undefined, externalId: dn ? directory.normaliseDn(dn) : undefined }
      const { rows, total } = await userGroups.listGroups(call.actor, filter, pageOf(call.query))
      return pageAnswer(call, { rows, total }, presentGroup)
    },
  }),

  route({
    method: 'POST',
    path: '/usergroups',
    tag: 'usergroup',
    operationId: 'createUserGroup',
    summary: 'Makes a group known, so that it can be given roles.',
    access: { kind: 'system', permission: 'user-group:create' },
    body: groupBody,
    answers: { 201: null },
    handle: async ({ actor, body, path }, services) => {
      const group = await services.userGroups.createGroup(actor, await groupIdentityOf(body, services))
      return createdAt(path, group.id)
    },
  }),

  route({
    method: 'GET',
    path: '/usergroups/search',
    tag: 'usergroup',
    operationId: 'searchUserGroups',
    summary: 'Names and ids of groups, for who adds a member.',
    access: { kind: 'signed-in' },
    query: z.object({ ...pageQuery, groupname: z.string().max(255) }),
    answers: { 200: z.array(groupAnswer.omit({ ldap_group_dn: true })) },
    handle: async (call, { userGroups }) => {
      if (call.query.groupname === '')
        throw new DomainError('BAD_REQUEST', 'need to provide groupname to search user group')
      const { rows, total } = await userGroups.searchGroups(call.actor, call.query.groupname, pageOf(call.query))
      return pageAnswer(call, { rows, total }, (group) => {
        const { id, group_name, group_type } = presentGroup(group)
        return { id, group_name, group_type }
      })
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'usergroup',
    operationId: 'getUserGroup',
    summary: 'One group.',
    access: { kind: 'system', permission: 'user-group:read' },
    params: oneGroup,
    answers: { 200: groupAnswer },
    handle: async ({ actor, params }, { userGroups }) => ({
      body: presentGroup(await userGroups.getGroup(actor, givenId(params.group_id, noGroupId))),
    }),
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'usergroup',
    operationId: 'updateUserGroup',
    summary: 'Gives a group another name here.',
    access: { kind: 'system', permission: 'user-group:update' },
    params: oneGroup,
    body: groupBody,
    answers: { 200: null },
    handle: async ({ actor, params, body }, { userGroups }) => {
      await userGroups.renameGroup(actor, givenId(params.group_id, noGroupId), body.group_name ?? '')
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'usergroup',
    operationId: 'deleteUserGroup',
    summary: 'Forgets a group and its memberships.',
    access: { kind: 'system', permission: 'user-group:delete' },
    params: oneGroup,
    answers: { 200: null },
    handle: async ({ actor, params }, { userGroups }) => {
      await userGroups.deleteGroup(actor, givenId(params.group_id, noGroupId))
      return {}
    },
  }),
]

/**
 * The group that a client means. One of LDAP must be there, and is called what the directory calls it when the client
 * gives no name.
 * @throws DomainError BAD_REQUEST, GROUP_UNKNOWN (no such group in the directory), UNAVAILABLE
 */
export async function groupIdentityOf(
  { group_name: givenName, group_type: type, ldap_group_dn: dn }: GroupBody,
  { directory }: Pick<HarborServices, 'directory'>,
): Promise<GroupIdentity> {
  const kind = kinds.find(([number]) => number === (type ?? (dn ? 1 : 0)))?.[1]
  if (kind === undefined)
    throw new DomainError('BAD_REQUEST', 'group_type is 1 (LDAP), 2 (HTTP authentication proxy) or 3 (OIDC)')
  const name = givenName?.trim() ?? ''
  if (kind !== 'ldap') {
    if (name === '') throw new DomainError('BAD_REQUEST', 'group_name is required')
    return { kind, name, externalId: name }
  }
  if (!dn) throw new DomainError('BAD_REQUEST', 'ldap_group_dn is required for a group of LDAP')
  const found = await directory.getGroup(dn)
  return { kind, externalId: found.externalId, name: name || found.name }
}

function presentGroup({ id, kind, name, externalId }: UserGroup): z.output<typeof groupAnswer> {
  return {
    id,
    group_name: name,
    group_type: kinds.find(([, each]) => each === kind)![0],
    ldap_group_dn: kind === 'ldap' ? externalId : undefined,
  }
}
