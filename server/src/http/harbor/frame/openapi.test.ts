import { expect, test } from 'bun:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { default as addFormats } from 'ajv-formats'
import { z } from 'zod'
import { bodyExamples } from './body-examples.ts'
import { composeOpenApi } from './openapi.ts'
import { namesOfThings, withNamedSchemas } from './openapi-schemas.ts'
import { harborRoutes } from '../routes.ts'

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

interface Operation {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: object }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: object } } }
  readonly responses: Readonly<Record<string, object>>
}

const document = composeOpenApi(harborRoutes) as unknown as Document
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))

test('the document holds every operation once, with an id of its own', () => {
  expect(document.openapi).toBe('3.1.0')
  expect(operations).toHaveLength(harborRoutes.length)
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(harborRoutes.length)
})

test('every parameter in a path is described', () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    for (const { parameters } of Object.values(methods))
      expect(parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)).toEqual(names)
  }
})

test('the document is what the routes declare: a body that is validated is described', () => {
  for (const declared of harborRoutes) {
    const operation = document.paths[declared.path]![declared.method.toLowerCase()]!
    expect(operation.requestBody !== undefined).toBe(declared.body !== undefined || declared.stream === true)
    for (const status of Object.keys(declared.answers)) expect(operation.responses).toHaveProperty(status)
  }
})

const served = withNamedSchemas(composeOpenApi(harborRoutes)) as unknown as Document & {
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties: object }>> }
}

test('things have a name of their own, and answers refer to it', () => {
  const names = new Set(Object.values(namesOfThings))
  expect(new Set(Object.keys(served.components.schemas))).toEqual(names)
  expect(JSON.stringify(served.paths['/projects']!['get']!.responses)).toContain('#/components/schemas/Project')
  const refs = [...JSON.stringify(served).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!)
  expect(refs.filter((name) => !(name in served.components.schemas))).toEqual([])
})

test('an operation that is not built says so, and what is made has an address', () => {
  for (const operation of Object.values(served.paths).flatMap((methods) => Object.values(methods)))
    expect('x-not-built' in operation).toBe('501' in operation.responses)
  expect(served.paths['/projects']!['post']!.responses['201']).toHaveProperty('headers.Location')
})

test('every body that is sent has an example that says something and is accepted as it stands', () => {
  for (const { operationId, body } of harborRoutes.filter((each) => each.body !== undefined)) {
    const example = bodyExamples[operationId] as Record<string, unknown> | undefined
    expect({ operationId, hasExample: Object.keys(example ?? {}).length > 0 }).toEqual({
      operationId,
      hasExample: true,
    })
    expect({ operationId, error: body!.safeParse(example).error?.issues }).toEqual({ operationId, error: undefined })
    const known = (z.toJSONSchema(body!, { io: 'input' }) as { properties?: object }).properties
    if (known !== undefined) expect(Object.keys(known)).toEqual(expect.arrayContaining(Object.keys(example!)))
  }
  const withBody = harborRoutes.filter(({ body }) => body !== undefined).map(({ operationId }) => operationId)
  expect(Object.keys(bodyExamples).filter((each) => !withBody.includes(each))).toEqual([])
})

test('every answer and every parameter has an example that its schema allows', () => {
  const ajv = addFormats(new Ajv2020({ strict: false }))
  const judged = (where: string, { schema, example }: { schema?: object; example?: unknown }) => {
    if (schema === undefined) throw new Error(`${where} has no schema`)
    if (example === undefined) throw new Error(`${where} has no example`)
    const isRight = ajv.compile(schema)
    const allowed = isRight(example)
    expect({ where, allowed, example, errors: isRight.errors }).toMatchObject({ where, allowed: true })
  }
  for (const { operationId, parameters, responses } of operations) {
    for (const parameter of parameters.filter(({ in: place }) => place !== 'header'))
      judged(`${operationId} ${parameter.name}`, parameter)
    for (const [status, answer] of Object.entries(responses)) {
      const content = (answer as { content?: Record<string, { schema: object; example?: unknown }> }).content
      if (content !== undefined) judged(`${operationId} ${status}`, content['application/json']!)
    }
  }
})

test('moments are dates for generators', () => {
  const moments: string[] = []
  const walk = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return
    for (const [name, inner] of Object.entries((value as { properties?: Record<string, object> }).properties ?? {}))
      if (/_(time|at)$/.test(name) && 'type' in inner && inner.type === 'string')
        moments.push(`${name} ${'format' in inner ? inner.format : 'text'}`)
    for (const inner of Object.values(value)) walk(inner)
  }
  for (const { responses } of operations) walk(responses)
  expect(moments.length).toBeGreaterThan(50)
  expect(moments.filter((each) => !each.endsWith(' date-time'))).toEqual([])
})
