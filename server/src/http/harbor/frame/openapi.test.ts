import { expect, test } from 'bun:test'
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
    expect(operation.requestBody !== undefined).toBe(declared.body !== undefined)
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
