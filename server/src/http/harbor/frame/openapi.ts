import { z } from 'zod'
import { stringify } from 'yaml'
import { version } from '../../../version.ts'
import { bodyExamples } from './body-examples.ts'
import { distributionDocument, octets } from './openapi-distribution.ts'
import { exampleOf } from './openapi-examples.ts'
import { withNamedSchemas } from './openapi-schemas.ts'
import { openApiPageRoute } from './openapi-page.ts'
import { route, type Route, type RouteAccess } from './route.ts'

type Json = Readonly<Record<string, unknown>>

const statusTexts: Readonly<Record<number, string>> = {
  200: 'Success',
  201: 'Created',
  202: 'Accepted',
  401: 'Unauthorized',
  404: 'Not found',
  412: 'Precondition failed',
  501: 'Not built yet',
}

/** What every operation answers when it refuses. */
const errorSchema = z.object({ errors: z.array(z.object({ code: z.string(), message: z.string() })) })

/**
 * Our own contract as an OpenAPI 3.1 document, made of nothing but what the routes declare.
 * @throws Error for a schema that JSON Schema has no words for
 */
export function composeOpenApi(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const declared of routes) (paths[declared.path] ??= {})[declared.method.toLowerCase()] = operationOf(declared)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Berth',
      version,
      description: 'Harbor’s API, and what goes beyond it in paths and fields of its own.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    externalDocs: {
      description: 'The same for `/v2`, where images are pushed and pulled, for its tokens, and for the probes.',
      url: '/api/v2.0/openapi-distribution.json',
    },
    servers: [{ url: '/api/v2.0' }],
    security: [{ basic: [] }, { session: [] }],
    tags: [...new Set(routes.map(({ tag }) => tag))].toSorted().map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        session: { type: 'apiKey', in: 'cookie', name: 'sid' },
      },
      responses: {
        error: {
          description: 'Why it was refused.',
          content: { 'application/json': { schema: schemaOf(errorSchema, 'output') } },
        },
      },
    },
  }
}

/** The document of `routes` and of these, for programs and for people; it is made when it is first asked for. */
export function openApiRoutes(routes: readonly Route[]): readonly Route[] {
  let made: Json | undefined
  let yaml: string | undefined
  const document = () => (made ??= withNamedSchemas(composeOpenApi([...routes, ...own])))
  const json = { tag: 'systeminfo', method: 'GET', access: { kind: 'anyone' } } as const
  const answers = { 200: z.record(z.string(), z.unknown()) }
  const own: readonly Route[] = [
    route({
      ...json,
      path: '/openapi.json',
      operationId: 'getOpenApi',
      summary: 'This document: the contract of this API in OpenAPI 3.1.',
      answers,
      handle: async () => ({ body: document() }),
    }),
    route({
      ...json,
      path: '/swagger.json',
      operationId: 'getSwagger',
      summary: 'This document, at the address where tools for Harbor look for it.',
      answers,
      handle: async () => ({ body: document() }),
    }),
    route({
      ...json,
      path: '/openapi.yaml',
      operationId: 'getOpenApiYaml',
      summary: 'This document as YAML.',
      answers: { 200: null },
      handle: async () =>
        new Response((yaml ??= stringify(document(), { aliasDuplicateObjects: false })), {
          headers: { 'content-type': 'application/yaml; charset=utf-8' },
        }),
    }),
    route({
      ...json,
      path: '/openapi-distribution.json',
      operationId: 'getOpenApiOfDistribution',
      summary: 'The contract of /v2, of its token service and of the probes in OpenAPI 3.1.',
      answers,
      handle: async () => ({ body: distributionDocument() }),
    }),
    openApiPageRoute(document),
  ]
  return own
}

function operationOf(declared: Route): Json {
  const { tag, operationId, summary, access, answers } = declared
  const body = declared.body === undefined ? undefined : schemaOf(declared.body, 'input')
  return {
    tags: [tag],
    operationId,
    summary,
    'x-access': wordsOf(access),
    ...('501' in answers ? { 'x-not-built': true } : {}),
    ...(access.kind === 'anyone' || access.kind === 'own-rule'
      ? { security: [{}, { basic: [] }, { session: [] }] }
      : {}),
    parameters: [...pathParameters(declared), ...queryParameters(declared), ...headerParameters(declared)],
    ...(body === undefined ? {} : { requestBody: { content: { 'application/json': bodyOf(operationId, body) } } }),
    ...(declared.stream === true ? { requestBody: { content: octets } } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [status, answerOf(Number(status), schema)]),
      ),
      default: { $ref: '#/components/responses/error' },
    },
  }
}

const bodyOf = (operationId: string, schema: Json): Json => ({
  schema,
  example: bodyExamples[operationId] ?? exampleOf(schema),
})

const location = {
  Location: { description: 'The address of what was made.', schema: { type: 'string', format: 'uri-reference' } },
}

function answerOf(status: number, schema: z.ZodType | null): Json {
  const description = statusTexts[status] ?? `Status ${status}`
  if (schema === null) return { description, ...(status === 201 ? { headers: location } : {}) }
  const answered = schemaOf(schema, 'output')
  return { description, content: { 'application/json': { schema: answered, example: exampleOf(answered) } } }
}

/** Who may call it, for a person: what the router asks before anything else. */
function wordsOf(access: RouteAccess): string {
  switch (access.kind) {
    case 'anyone':
      return 'everyone'
    case 'signed-in':
      return 'who has signed in'
    case 'system-administrator':
      return 'system administrators'
    case 'security-administrator':
      return 'security administrators, where there are some; else system administrators'
    case 'system':
      return `system administrators, and robots with ${access.permission}`
    case 'project':
      return `${access.permission}${access.or === undefined ? '' : ` or ${access.or}`} in the project`
    case 'own-rule':
      return access.why
  }
}

function pathParameters({ path, params }: Route): Json[] {
  const schemas = params === undefined ? {} : propertiesOf(schemaOf(params, 'input')).properties
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...withExample(name, schemas[name] ?? { type: 'string' }),
  }))
}

function queryParameters({ query }: Route): Json[] {
  if (query === undefined) return []
  const { properties, required } = propertiesOf(schemaOf(query, 'input'))
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema
    return {
      name,
      in: 'query',
      ...(required.has(name) ? { required: true } : {}),
      ...(description === undefined ? {} : { description }),
      ...withExample(name, rest),
    }
  })
}

const withExample = (name: string, schema: Json): Json => ({ schema, example: exampleOf(schema, name) })

/** What the frame reads of every request. */
function headerParameters({ path }: Route): Json[] {
  const requestId = {
    name: 'X-Request-Id',
    in: 'header',
    description: 'An id for the logs; answers give it back.',
    schema: { type: 'string' },
  }
  if (!path.includes('{project_name_or_id}')) return [requestId]
  return [
    requestId,
    {
      name: 'X-Is-Resource-Name',
      in: 'header',
      description: 'A number in the path is the name of a project, not its id.',
      schema: { type: 'boolean', default: false },
    },
  ]
}

function propertiesOf(schema: Json): { properties: Readonly<Record<string, Json>>; required: ReadonlySet<string> } {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, Json>
    required?: readonly string[]
  }
  return { properties, required: new Set(required) }
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    override: ({ jsonSchema }) => {
      // That JavaScript has no larger integers says nothing about the field; and clients should bear new fields.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    },
  }) as Record<string, unknown>
  return spelledOut(rest) as Json
}

/** Several types at once are one of several schemas, which generators of typed languages can read. */
function spelledOut(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(spelledOut)
  if (typeof value !== 'object' || value === null) return value
  const { type, ...rest } = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, spelledOut(inner)]))
  if (!Array.isArray(type) || type.filter((each) => each !== 'null').length < 2)
    return type === undefined ? rest : { type, ...rest }
  return { ...rest, anyOf: type.map((each: unknown) => ({ type: each })) }
}
