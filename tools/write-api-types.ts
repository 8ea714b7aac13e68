// Writes web/src/api/generated/operations.ts: the types of every operation below /api/v2.0, from what the routes of the
// server declare. `npm run check` runs it before it looks at types, so the console cannot misread the API.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { composeOpenApi } from '#server/http/harbor/frame/openapi.ts'
import { harborRoutes } from '#server/http/harbor/routes.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
}

interface Operation {
  readonly parameters: readonly { name: string; in: string; required?: boolean; schema?: Schema }[]
  readonly requestBody?: { content: Readonly<Record<string, { schema: Schema }>> }
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema: Schema }>> }>>
}

type Direction = 'sent' | 'answered'

/** The module's text, sorted, so that the same routes always give the same bytes. */
export function apiTypes(): string {
  const paths = composeOpenApi(harborRoutes)['paths'] as Record<string, Record<string, Operation>>
  const operations = Object.entries(paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    )
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
  return [
    '// Written by tools/write-api-types.ts from the routes of the server.',
    '',
    'export interface Operations {',
    ...operations.map(([key, operation]) => `  ${JSON.stringify(key)}: ${typeOfOperation(operation)}`),
    '}',
    '',
  ].join('\n')
}

function typeOfOperation({ parameters, requestBody, responses }: Operation): string {
  const inPath = parameters.filter((parameter) => parameter.in === 'path')
  const inQuery = parameters.filter((parameter) => parameter.in === 'query')
  const body = requestBody?.content['application/json']?.schema
  return `{ ${[
    `params: ${objectOf(inPath.map(({ name }) => `${JSON.stringify(name)}: string | number`))}`,
    `query: ${objectOf(
      inQuery.map(({ name, required, schema = {} }) => {
        const type = typeOf(schema, 'sent')
        const scalar = type === 'unknown' ? 'string | number | boolean' : type
        return `${JSON.stringify(name)}${required ? `: ${scalar}` : `?: ${scalar} | undefined`}`
      }),
    )}`,
    `body: ${body === undefined ? 'undefined' : typeOf(body, 'sent')}`,
    `answer: ${answerOf(responses)}`,
  ].join('; ')} }`
}

function answerOf(responses: Operation['responses']): string {
  const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'))
  const schemas = successes.map(([, { content }]) => content?.['application/json']?.schema)
  const known = schemas.filter((schema) => schema !== undefined)
  if (known.length > 0) return union(known.map((schema) => typeOf(schema, 'answered')))
  // An operation that is not built yet answers nothing that a page could read.
  return successes.length > 0 ? 'undefined' : 'never'
}

function typeOf(schema: Schema, direction: Direction): string {
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return union(schema.enum.map((value) => JSON.stringify(value)))
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return union(choices.map((choice) => typeOf(choice, direction)))
  if (schema.allOf !== undefined) return `(${schema.allOf.map((part) => typeOf(part, direction)).join(' & ')})`
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeOf({ ...schema, type }, direction)))
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `readonly ${wrapped(typeOf(schema.items ?? {}, direction))}[]`
    case 'object':
      return typeOfObject(schema, direction)
    default:
      return 'unknown'
  }
}

function typeOfObject({ properties = {}, required = [], additionalProperties }: Schema, direction: Direction): string {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const type = typeOf(schema, direction)
    if (required.includes(name)) return `${JSON.stringify(name)}: ${type}`
    return `${JSON.stringify(name)}?: ${type}${direction === 'sent' ? ' | undefined' : ''}`
  })
  const rest = typeof additionalProperties === 'object' ? typeOf(additionalProperties, direction) : undefined
  if (rest === undefined) return objectOf(fields)
  const record = `{ readonly [key: string]: ${rest} }`
  return fields.length === 0 ? record : `(${objectOf(fields)} & ${record})`
}

const objectOf = (fields: readonly string[]): string =>
  fields.length === 0 ? '{}' : `{ ${fields.map((field) => `readonly ${field}`).join('; ')} }`

const union = (types: readonly string[]): string => {
  const distinct = [...new Set(types)]
  return distinct.length === 1 ? distinct[0]! : `(${distinct.join(' | ')})`
}

const wrapped = (type: string): string => (/^readonly |[|&]/.test(type) && !/^[({]/.test(type) ? `(${type})` : type)

/** Writes them where they changed; a file that stays the same keeps its time. */
export function writeApiTypes(): void {
  const file = join(import.meta.dirname, '..', 'web', 'src', 'api', 'generated', 'operations.ts')
  const text = apiTypes()
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

if (import.meta.main) writeApiTypes()
