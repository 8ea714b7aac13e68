import { z } from 'zod'
import { version } from '../../../version.ts'
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

/** The document of `routes` and of these two, for programs and for people; it is made when it is first asked for. */
export function openApiRoutes(routes: readonly Route[]): readonly Route[] {
  let made: Json | undefined
  const document = () => (made ??= withNamedSchemas(composeOpenApi([...routes, self, page])))
  const self: Route = route({
    method: 'GET',
    path: '/openapi.json',
    tag: 'systeminfo',
    operationId: 'getOpenApi',
    summary: 'This document: the contract of this API in OpenAPI 3.1.',
    access: { kind: 'anyone' },
    answers: { 200: z.record(z.string(), z.unknown()) },
    handle: async () => ({ body: document() }),
  })
  const page = openApiPageRoute(document)
  return [self, page]
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
    ...(body === undefined ? {} : { requestBody: { content: { 'application/json': { schema: body } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [status, answerOf(Number(status), schema)]),
      ),
      default: { $ref: '#/components/responses/error' },
    },
  }
}

const location = {
  Location: { description: 'The address of what was made.', schema: { type: 'string', format: 'uri-reference' } },
}

function answerOf(status: number, schema: z.ZodType | null): Json {
  const description = statusTexts[status] ?? `Status ${status}`
  if (schema === null) return { description, ...(status === 201 ? { headers: location } : {}) }
  return { description, content: { 'application/json': { schema: schemaOf(schema, 'output') } } }
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
    case 'system':
      return `system administrators, and robots with ${access.permission}`
    case 'project':
      return `${access.permission} in the project`
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
    schema: schemas[name] ?? { type: 'string' },
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
      schema: rest,
    }
  })
}

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
  return rest
}
