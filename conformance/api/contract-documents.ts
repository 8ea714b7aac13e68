import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** A schema in the words that Swagger 2 and OpenAPI 3.1 share. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: boolean | Schema
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly pattern?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
}

/** One operation of either document, brought to one form. */
export interface Operation {
  readonly tag: string
  readonly operationId: string
  /** By `query q`, `path id`, `header X-Request-Id`. */
  readonly parameters: ReadonlyMap<string, Schema>
  readonly body: Schema | undefined
  /** Of answers below 300: undefined for one without a body. */
  readonly answers: ReadonlyMap<string, Schema | undefined>
  /** Ours only: it says that it is not built. */
  readonly notBuilt: boolean
}

export interface Contract {
  /** By `GET /projects/{project_name}`. */
  readonly operations: ReadonlyMap<string, Operation>
  resolve(schema: Schema): Schema
}

interface Parameter extends Schema {
  readonly name: string
  readonly in: string
  readonly schema?: Schema
}

interface RawOperation {
  readonly tags?: readonly string[]
  readonly operationId?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: { readonly 'application/json'?: { readonly schema: Schema } } }
  readonly responses: Readonly<
    Record<
      string,
      { readonly $ref?: string; readonly schema?: Schema; readonly content?: Record<string, { schema: Schema }> }
    >
  >
}

type RawDocument = Readonly<Record<string, unknown>> & {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>
}

const methods = ['get', 'head', 'post', 'put', 'patch', 'delete']

/** Reads both: parameters inside or under `schema`, bodies as a parameter or by themselves, references anywhere. */
export function readContract(document: RawDocument): Contract {
  const lookUp = <Value extends object>(value: Value & { readonly $ref?: string }): Value => {
    if (value.$ref === undefined) return value
    let found: unknown = document
    for (const key of value.$ref.replace(/^#\//, '').split('/')) found = (found as Record<string, unknown>)[key]
    if (found === undefined) throw new Error(`the document refers to ${value.$ref}, which is not there`)
    return lookUp(found as Value & { $ref?: string })
  }
  const operations = new Map<string, Operation>()
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const raw = item[method]
      if (raw !== undefined) operations.set(`${method.toUpperCase()} ${path}`, readOperation(raw, lookUp))
    }
  }
  return { operations, resolve: lookUp }
}

function readOperation(raw: RawOperation, lookUp: <Value extends object>(value: Value) => Value): Operation {
  const parameters = (raw.parameters ?? []).map((parameter) => lookUp(parameter))
  const bodyParameter = parameters.find((parameter) => parameter.in === 'body')
  const answers = Object.entries(raw.responses).map(([status, response]): [string, Schema | undefined] => {
    const { schema, content } = lookUp(response)
    return [status, schema ?? content?.['application/json']?.schema]
  })
  return {
    tag: raw.tags?.[0] ?? '',
    operationId: raw.operationId ?? '',
    parameters: new Map(
      parameters
        .filter((parameter) => parameter.in !== 'body')
        .map((parameter) => [`${parameter.in} ${parameter.name}`, parameter.schema ?? parameter]),
    ),
    body: bodyParameter?.schema ?? raw.requestBody?.content['application/json']?.schema,
    answers: new Map(answers.filter(([status]) => /^[12]\d\d$/.test(status))),
    notBuilt: '501' in raw.responses,
  }
}

const swaggerFile =
  process.env['BERTH_HARBOR_SWAGGER'] ??
  [
    join(import.meta.dir, '..', '..', '.cache', 'harbor-swagger.yaml'),
    join(import.meta.dir, '..', '..', '..', 'shared', 'reference', 'harbor-swagger.yaml'),
  ].find((path) => existsSync(path))

/** Harbor's contract: its `api/v2.0/swagger.yaml`, under BERTH_HARBOR_SWAGGER, in `.cache` or in
 * `shared` beside the checkout; undefined where neither is. */
export function findHarborContract(): Contract | undefined {
  if (swaggerFile === undefined || !existsSync(swaggerFile)) return undefined
  return readContract(parse(readFileSync(swaggerFile, 'utf8')) as RawDocument)
}
