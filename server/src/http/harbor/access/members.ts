import { withoutTrailing } from '#contract/trailing.ts'
import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import type { Member, NewMember } from '../../../domain/projects/members.ts'
import { givenId, idParam } from '../frame/answers.ts'
import { pageAnswer, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'
import { groupIdentityOf } from './user-groups.ts'

const memberAnswer = z.object({
  id: z.number().int(),
  project_id: z.number().int(),
  entity_name: z.string(),
  role_name: z.string().optional(),
  role_id: z.number().int().optional(),
  entity_id: z.number().int(),
  entity_type: z.enum(['u', 'g']),
})

/** Strict: a word that is passed over might have narrowed what is given. `id`: clients send it back. */
const memberBody = z.strictObject({
  id: z.unknown().optional(),
  role_id: z.number().int().optional(),
  member_user: z.strictObject({ user_id: z.number().int().nullish(), username: z.string().nullish() }).nullish(),
  member_group: z
    .strictObject({
      id: z.number().int().nullish(),
      group_name: z.string().nullish(),
      group_type: z.number().int().nullish(),
      ldap_group_dn: z.string().nullish(),
    })
    .nullish(),
})

const oneMember = z.object({ mid: idParam })
const collection = '/projects/{project_name_or_id}/members'
const item = '/projects/{project_name_or_id}/members/{mid}'

export const memberRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'member',
    operationId: 'listProjectMembers',
    summary: 'Who has which role in a project.',
    access: { kind: 'project', permission: 'member:list' },
    query: z.object({ ...pageQuery, entityname: z.string().optional() }),
    answers: { 200: z.array(memberAnswer) },
    handle: async (call, { members }) => {
      const { actor, project, query } = call
      const { id, name } = project!.project
      const { rows, total } = await members.pageMembers(actor, name, {
        name: query.entityname || undefined,
        ...pageOf(query),
      })
      return pageAnswer(call, { rows, total }, (member) => presentMember(id, member))
    },
  }),

  route({
    method: 'POST',
    path: collection,
    tag: 'member',
    operationId: 'createProjectMember',
    summary: 'Gives somebody a role in a project.',
    access: { kind: 'project', permission: 'member:create' },
    body: memberBody,
    answers: { 201: null },
    handle: async (call, services) => {
      const { actor, project, body } = call
      const member = await memberOf(body, services)
      const role = parseRole(body.role_id)
      const id = await services.members.addMember(actor, project!.project.name, member, role)
      return { status: 201, headers: { location: `${withoutTrailing(call.path, '/')}/${id}` } }
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'member',
    operationId: 'getProjectMember',
    summary: 'One membership.',
    access: { kind: 'project', permission: 'member:read' },
    params: oneMember,
    answers: { 200: memberAnswer },
    handle: async ({ actor, project, params }, { members }) => {
      const { id, name } = project!.project
      return {
        body: presentMember(
          id,
          await members.getMember(actor, name, givenId(params.mid, 'the member id can not be empty!')),
        ),
      }
    },
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'member',
    operationId: 'updateProjectMember',
    summary: 'Gives a member another role.',
    access: { kind: 'project', permission: 'member:update' },
    params: oneMember,
    body: memberBody,
    answers: { 200: null },
    handle: async ({ actor, project, params, body }, { members }) => {
      const id = givenId(params.mid, 'member id can not be empty')
      await members.setMemberRole(actor, project!.project.name, { id }, parseRole(body.role_id))
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'member',
    operationId: 'deleteProjectMember',
    summary: 'Takes somebody out of a project.',
    access: { kind: 'project', permission: 'member:delete' },
    params: oneMember,
    answers: { 200: null },
    handle: async ({ actor, project, params }, { members }) => {
      const id = givenId(params.mid, 'the project member id is required.')
      await members.removeMember(actor, project!.project.name, { id })
      return {}
    },
  }),
]

function presentMember(projectId: number, member: Member): z.output<typeof memberAnswer> {
  return {
    id: member.id,
    project_id: projectId,
    entity_name: member.name,
    role_name: member.roleName,
    role_id: member.roleId,
    entity_id: member.entityId,
    entity_type: member.kind === 'user' ? 'u' : 'g',
  }
}

function parseRole(roleId: number | undefined): number {
  if (roleId !== undefined && roleId > 0) return roleId
  throw new DomainError('BAD_REQUEST', "role_id is required: one of Harbor's (1 to 5) or of a composed role")
}

/**
 * A group that is not known here yet becomes so with its membership.
 * @throws DomainError BAD_REQUEST, GROUP_UNKNOWN (no such group in the directory), UNAVAILABLE
 */
async function memberOf(
  { member_user: user, member_group: group }: z.output<typeof memberBody>,
  services: HarborServices,
): Promise<NewMember> {
  const namesGroup = Boolean(group?.id || group?.group_name || group?.ldap_group_dn)
  if ((user?.user_id || user?.username) && namesGroup)
    throw new DomainError('BAD_REQUEST', 'member_user and member_group both name somebody: give one of them')
  if (user?.user_id) return { userId: user.user_id, username: user.username || undefined }
  if (user?.username) return user.username
  if (group?.id) return { groupId: group.id }
  if (group && namesGroup) return { group: await groupIdentityOf(group, services) }
  throw new DomainError('BAD_REQUEST', 'at least one of member_user or member_group must be provided')
}
