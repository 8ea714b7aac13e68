import { z } from 'zod'
import type { DirectoryTrial } from '../../../domain/identities/directory.ts'
import { DomainError } from '../../../domain/errors.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const trialBody = z
  .object({
    ldap_url: z.string().nullish(),
    ldap_search_dn: z.string().nullish(),
    ldap_search_password: z.string().nullish(),
    ldap_base_dn: z.string().nullish(),
    ldap_filter: z.string().nullish(),
    ldap_uid: z.string().nullish(),
    ldap_scope: z.number().int().min(0).max(2).nullish(),
    ldap_connection_timeout: z.number().int().min(1).max(60).nullish(),
    ldap_verify_cert: z.boolean().nullish(),
    ldap_start_tls: z.boolean().nullish(),
    ldap_ca_certificate: z.string().nullish(),
  })
  .optional()

const groupFound = z.object({
  id: z.number().int().optional(),
  group_name: z.string(),
  group_type: z.number().int(),
  ldap_group_dn: z.string(),
})

export const ldapRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/ldap/ping',
    tag: 'Ldap',
    operationId: 'pingLdap',
    summary: 'Tries the directory that is set, or the settings of the body in its place.',
    access: { kind: 'system-administrator' },
    body: trialBody,
    answers: { 200: z.object({ success: z.boolean(), message: z.string().optional() }) },
    handle: async ({ body }, { directory }) => {
      const problem = await directory.test(trialOf(body))
      return { body: problem === undefined ? { success: true } : { success: false, message: `error: ${problem}` } }
    },
  }),

  route({
    method: 'GET',
    path: '/ldap/users/search',
    tag: 'Ldap',
    operationId: 'searchLdapUser',
    summary: 'People of the directory with the text in their username.',
    access: { kind: 'system', permission: 'ldap-user:list' },
    query: z.object({ username: z.string().max(255).default('') }),
    answers: {
      200: z.array(z.object({ username: z.string(), realname: z.string().optional(), email: z.string().optional() })),
    },
    handle: async ({ query }, { directory }) => ({
      body: (await directory.searchPeople(query.username)).map(({ username, realName, email }) => ({
        username,
        realname: realName || undefined,
        email,
      })),
    }),
  }),

  route({
    method: 'POST',
    path: '/ldap/users/import',
    tag: 'Ldap',
    operationId: 'importLdapUser',
    summary: 'Gives people of the directory accounts before they first sign in.',
    access: { kind: 'system', permission: 'ldap-user:create' },
    body: z.object({ ldap_uid_list: z.array(z.string().max(255)).max(1_000).default([]) }),
    answers: { 200: null, 404: z.array(z.object({ uid: z.string(), error: z.string() })) },
    handle: async ({ body }, services) => {
      const failed: { uid: string; error: string }[] = []
      for (const uid of new Set(body.ldap_uid_list)) {
        const error = await importPerson(services, uid)
        if (error !== undefined) failed.push({ uid, error })
      }
      return failed.length === 0 ? {} : { status: 404, body: failed }
    },
  }),

  route({
    method: 'GET',
    path: '/ldap/groups/search',
    tag: 'Ldap',
    operationId: 'searchLdapGroup',
    summary: 'Groups of the directory by a part of the name, or by the distinguished name.',
    access: { kind: 'system', permission: 'ldap-user:list' },
    query: z.object({ groupname: z.string().max(255).optional(), groupdn: z.string().max(1_024).optional() }),
    answers: { 200: z.array(groupFound) },
    handle: async ({ query }, { directory }) => {
      const { groupname: name, groupdn: dn } = query
      if (!name && !dn) throw new DomainError('BAD_REQUEST', 'groupname or groupdn is required')
      const found = await directory.searchGroups(dn ? { dn } : { name: name! })
      if (dn && found.length === 0) throw new DomainError('GROUP_UNKNOWN', `the directory has no group ${dn}`)
      return {
        body: found.map((group) => ({ group_name: group.name, group_type: 1, ldap_group_dn: group.externalId })),
      }
    },
  }),
]

/** Harbor's name for the timeout differs from that of the setting. */
function trialOf(body: z.output<typeof trialBody>): DirectoryTrial {
  const { ldap_connection_timeout: timeout, ...given } = body ?? {}
  const named = Object.entries({ ...given, ldap_timeout: timeout })
  return Object.fromEntries(named.filter(([, value]) => value !== undefined && value !== null)) as DirectoryTrial
}

/** Why somebody could not be given an account; undefined when they have one now. */
async function importPerson({ directory, externalAccounts }: HarborServices, uid: string): Promise<string | undefined> {
  try {
    const person = await directory.findPerson(uid)
    if (person === undefined) return 'unknown user'
    if (await externalAccounts.isKnown(person)) return 'duplicate user'
    await externalAccounts.recogniseAccount(person, { onboard: true })
    return undefined
  } catch (error) {
    if (error instanceof DomainError && error.code !== 'UNAVAILABLE' && error.code !== 'PRECONDITION')
      return error.message
    throw error
  }
}
