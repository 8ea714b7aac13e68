import { z } from 'zod'
import type { RegistryChange } from '../../../domain/registries/check-registry.ts'
import type { Registry } from '../../../domain/registries/registries.ts'
import { registryTypes } from '../../../domain/registries/registry-types.ts'
import { createdAt, idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'

const credential = z.object({
  type: z.string().nullish(),
  access_key: z.string().nullish(),
  access_secret: z.string().nullish(),
})

const registryBody = z.object({
  id: z.number().int().nullish(),
  name: z.string().default(''),
  type: z.string().default(''),
  url: z.string().default(''),
  description: z.string().nullish(),
  insecure: z.boolean().nullish(),
  ca_certificate: z.string().nullish(),
  credential: credential.nullish(),
})

export const registryAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  type: z.string(),
  url: z.string(),
  description: z.string().optional(),
  insecure: z.boolean().optional(),
  ca_certificate: z.string().optional(),
  credential: z
    .object({ type: z.string().optional(), access_key: z.string().optional(), access_secret: z.string().optional() })
    .optional(),
  status: z.string(),
  creation_time: timeAnswer,
  update_time: timeAnswer,
})

/** What is null or left out stays as it is. */
const changeable = {
  url: z.string().nullish(),
  credential_type: z.string().nullish(),
  access_key: z.string().nullish(),
  access_secret: z.string().nullish(),
  insecure: z.boolean().nullish(),
  ca_certificate: z.string().nullish(),
}
const updateBody = z.object({ name: z.string().nullish(), description: z.string().nullish(), ...changeable })
const pingBody = z.object({ id: z.number().int().nullish(), type: z.string().nullish(), ...changeable })

const oneRegistry = z.object({ id: idParam })
const item = '/registries/{id}'
/** What stands for a secret that is there. */
const hidden = '*****'

const filter = z.object({ type: z.string(), style: z.string(), values: z.array(z.string()).optional() })

export const registryRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/registries',
    tag: 'registry',
    operationId: 'listRegistries',
    summary: 'The remote registries, newest first.',
    access: { kind: 'system', permission: 'registry:list' },
    query: z.object({ ...listQuery, name: z.string().optional() }),
    answers: { 200: z.array(registryAnswer) },
    handle: async (call, { registries }) => {
      const { name } = call.query
      const listing = listingOf(call.query)
      const named = name ? [{ kind: 'fuzzy' as const, key: 'name', value: name }] : []
      const conditions = [...(listing.conditions ?? []), ...named]
      const { rows, total } = await registries.pageRegistries(call.actor, { ...listing, conditions })
      return pageAnswer(call, { rows, total }, presentRegistry)
    },
  }),

  route({
    method: 'POST',
    path: '/registries',
    tag: 'registry',
    operationId: 'createRegistry',
    summary: 'Makes a remote registry known, if it can be used as it is given.',
    access: { kind: 'system', permission: 'registry:create' },
    body: registryBody,
    answers: { 201: null },
    handle: async ({ actor, body, path }, { registries }) => {
      const id = await registries.createRegistry(actor, {
        name: body.name,
        type: body.type,
        url: body.url,
        description: body.description ?? '',
        insecure: body.insecure === true,
        authority: body.ca_certificate || undefined,
        credentialType: body.credential?.type ?? '',
        accessKey: body.credential?.access_key ?? '',
        accessSecret: body.credential?.access_secret ?? '',
      })
      return createdAt(path, id)
    },
  }),

  route({
    method: 'POST',
    path: '/registries/ping',
    tag: 'registry',
    operationId: 'pingRegistry',
    summary: 'Tries a remote registry, a known one by its id or one that is not known yet.',
    access: { kind: 'system', permission: 'registry:read' },
    body: pingBody,
    answers: { 200: null },
    handle: async ({ actor, body }, { registries }) => {
      await registries.pingRegistry(actor, body.id || undefined, { ...changeOf(body), type: body.type ?? undefined })
      return {}
    },
  }),

  route({
    method: 'GET',
    path: item,
    tag: 'registry',
    operationId: 'getRegistry',
    summary: 'One remote registry.',
    access: { kind: 'system', permission: 'registry:read' },
    params: oneRegistry,
    answers: { 200: registryAnswer },
    handle: async ({ actor, params }, { registries }) => ({
      body: presentRegistry(await registries.getRegistry(actor, params.id)),
    }),
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'registry',
    operationId: 'updateRegistry',
    summary: 'Changes what the body names of a remote registry, if it can be used so.',
    access: { kind: 'system', permission: 'registry:update' },
    params: oneRegistry,
    body: updateBody,
    answers: { 200: null },
    handle: async ({ actor, params, body }, { registries }) => {
      const { name, description } = body
      await registries.updateRegistry(actor, params.id, {
        ...changeOf(body),
        name: name ?? undefined,
        description: description ?? undefined,
      })
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'registry',
    operationId: 'deleteRegistry',
    summary: 'Forgets a remote registry.',
    access: { kind: 'system', permission: 'registry:delete' },
    params: oneRegistry,
    answers: { 200: null },
    handle: async ({ actor, params }, { registries }) => {
      await registries.deleteRegistry(actor, params.id)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: '/registries/{id}/info',
    tag: 'registry',
    operationId: 'getRegistryInfo',
    summary: 'What rules of replication may say about a remote registry.',
    access: { kind: 'system', permission: 'registry:read' },
    params: oneRegistry,
    answers: {
      200: z.object({
        type: z.string(),
        description: z.string().optional(),
        supported_resource_filters: z.array(filter),
        supported_triggers: z.array(z.string()),
        supported_copy_by_chunk: z.boolean().optional(),
      }),
    },
    handle: async ({ actor, params }, { registries }) => {
      const { type } = await registries.getRegistry(actor, params.id)
      const labels = type === 'harbor' ? [{ type: 'label', style: 'input' }] : []
      return {
        body: {
          type,
          supported_resource_filters: [
            { type: 'name', style: 'input' },
            { type: 'tag', style: 'input' },
            ...labels,
            ...(type === 'harbor' ? [{ type: 'resource', style: 'radio', values: ['image', 'artifact'] }] : []),
          ],
          supported_triggers: ['manual', 'scheduled'],
        },
      }
    },
  }),

  route({
    method: 'GET',
    path: '/replication/adapters',
    tag: 'registry',
    operationId: 'listRegistryProviderTypes',
    summary: 'The types of remote registries that can be used.',
    access: { kind: 'system', permission: 'replication-adapter:list' },
    answers: { 200: z.array(z.string()) },
    handle: async () => ({ body: Object.keys(registryTypes) }),
  }),

  route({
    method: 'GET',
    path: '/replication/adapterinfos',
    tag: 'registry',
    operationId: 'listRegistryProviderInfos',
    summary: 'What is fixed about remote registries of a type: their addresses, their username.',
    access: { kind: 'system', permission: 'replication-adapter:list' },
    answers: {
      200: z.record(
        z.string(),
        z.object({
          endpoint_pattern: z
            .object({
              endpoint_type: z.string(),
              endpoints: z.array(z.object({ key: z.string(), value: z.string() })),
            })
            .optional(),
          credential_pattern: z
            .object({
              access_key_type: z.string(),
              access_key_data: z.string(),
              access_secret_type: z.string(),
              access_secret_data: z.string(),
            })
            .optional(),
        }),
      ),
    },
    handle: async () => ({ body: providerInfos() }),
  }),
]

function providerInfos() {
  const infos = Object.entries(registryTypes).flatMap(([type, { endpoints, fixedAccessKey }]) => {
    if (endpoints === undefined) return []
    const endpoint_pattern = {
      endpoint_type: endpoints.length === 1 ? 'EndpointPatternTypeFix' : 'EndpointPatternTypeList',
      endpoints: endpoints.map(({ name, url }) => ({ key: name, value: url })),
    }
    if (fixedAccessKey === undefined) return [[type, { endpoint_pattern }] as const]
    const credential_pattern = {
      access_key_type: 'AccessKeyTypeFix',
      access_key_data: fixedAccessKey,
      access_secret_type: 'AccessSecretTypeFile',
      access_secret_data: 'No Change',
    }
    return [[type, { endpoint_pattern, credential_pattern }] as const]
  })
  return Object.fromEntries(infos)
}

/** A client that writes back what it read does not mean the stars. */
function changeOf(body: Omit<z.output<typeof pingBody>, 'id' | 'type'>): RegistryChange {
  const { url, credential_type: type, access_key: key, access_secret: secret, insecure, ca_certificate: pem } = body
  return {
    url: url ?? undefined,
    credentialType: type ?? undefined,
    accessKey: key ?? undefined,
    accessSecret: secret === hidden ? undefined : (secret ?? undefined),
    insecure: insecure ?? undefined,
    authority: pem ?? undefined,
  }
}

/** Without what only system administrators see of it. */
export const presentPublicly = ({ authority: _authority, ...registry }: Registry): z.output<typeof registryAnswer> =>
  presentRegistry({ ...registry, authority: undefined, accessKey: '', hasSecret: false })

export function presentRegistry(registry: Registry): z.output<typeof registryAnswer> {
  const { accessKey, hasSecret } = registry
  return {
    id: registry.id,
    name: registry.name,
    type: registry.type,
    url: registry.url,
    description: registry.description || undefined,
    // What is false or empty is left out, as in Harbor.
    insecure: registry.insecure || undefined,
    ca_certificate: registry.authority,
    credential:
      accessKey === '' && !hasSecret
        ? undefined
        : {
            type: registry.credentialType,
            access_key: accessKey || undefined,
            access_secret: hasSecret ? hidden : undefined,
          },
    status: registry.status,
    creation_time: timeOf(registry.createdAt),
    update_time: timeOf(registry.updatedAt),
  }
}
