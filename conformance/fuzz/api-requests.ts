import { oddBodies, oddQuery, oddTexts, type Choices } from './odd-values.ts'

/** A request as it goes over the wire. */
export interface FuzzRequest {
  readonly method: string
  /** With its query, percent-encoded. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
}

export interface Operation {
  readonly method: string
  readonly path: string
  readonly queryNames: readonly string[]
  readonly body: Schema | undefined
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
}

interface OpenApiOperation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }
}

/** Every operation of the document of the registry itself: a new route is fuzzed without a word here. */
export function operationsOf(document: unknown): readonly Operation[] {
  return Object.entries((document as OpenApi).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      queryNames: parameters.filter((each) => each.in === 'query').map(({ name }) => name),
      body: requestBody?.content?.['application/json']?.schema,
    })),
  )
}

/** What is there, so that requests come further than "not found". */
export interface Known {
  readonly projects: readonly string[]
  readonly repositories: readonly string[]
  readonly references: readonly string[]
  readonly words: readonly string[]
}

/** An operation with values in its places that are sometimes right and sometimes odd. */
export function apiRequest(choices: Choices, operation: Operation, known: Known): FuzzRequest {
  const inPath = (name: string): string => {
    if (choices.chance(0.25)) return choices.pick(oddTexts)
    if (name.startsWith('project_name')) return choices.pick([...known.projects, '1', '2'])
    if (name === 'repository_name') return choices.pick(known.repositories)
    if (name === 'reference') return choices.pick(known.references)
    // The accounts by whom requests are sent stay what they are.
    if (name === 'user_id') return choices.pick(['99999', '77'])
    return choices.pick(['1', '2', '3', '4', '5', '99999', 'app', ...known.words])
  }
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encoded(inPath(name)))
  const names = [...operation.queryNames, 'q', 'sort', 'page', 'page_size'].filter(() => choices.chance(0.4))
  const query = names.map((name) => `${name}=${encoded(valueOfQuery(choices, name))}`).join('&')
  const body = operation.body === undefined ? undefined : bodyOf(choices, operation.body)
  return {
    method: operation.method,
    target: `/api/v2.0${path}${query === '' ? '' : `?${query}`}`,
    headers: { 'content-type': 'application/json', ...(choices.chance(0.3) ? { 'x-is-resource-name': 'true' } : {}) },
    body,
  }
}

function valueOfQuery(choices: Choices, name: string): string {
  if ((name === 'q' || name === 'sort') && choices.chance(0.8)) return oddQuery(choices)
  if (choices.chance(0.4)) return choices.pick(oddTexts)
  return choices.pick(['0', '1', '2', '10', '100', '-1', 'true', 'false', 'p', 'g', 'name'])
}

function bodyOf(choices: Choices, schema: Schema): string {
  if (choices.chance(0.15)) return choices.pick(oddBodies)
  return JSON.stringify(valueOf(choices, schema, choices.pick([0, 0.02, 0.2]))) ?? ''
}

/** Texts that are right somewhere. */
const commonTexts = ['app', 'latest', 'p', 'project', '2', '**', 'matches', 'doublestar', 'repoMatches', 'v*', '#fff']

/** `oddness`: how often a value is not even of its type. */
function valueOf(choices: Choices, schema: Schema, oddness: number, depth = 0): unknown {
  if (choices.chance(oddness) || depth > 6)
    return choices.pick<unknown>([null, true, 1e300, -1, 0.5, {}, [], ...oddTexts])
  if (schema.enum !== undefined) return choices.pick(schema.enum)
  if (schema.anyOf !== undefined) return valueOf(choices, choices.pick(schema.anyOf), oddness, depth)
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0]
  switch (type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).filter(() => choices.chance(0.8))
      return Object.fromEntries(fields.map(([name, each]) => [name, valueOf(choices, each, oddness, depth + 1)]))
    }
    case 'array':
      return Array.from({ length: Math.floor(choices.next() * 3) }, () =>
        valueOf(choices, schema.items ?? {}, oddness, depth + 1),
      )
    case 'integer':
    case 'number':
      return choices.pick(oddness === 0 ? [1, 2, 10] : [0, 1, 2, -1, 100, 2 ** 31, 2 ** 53, 2 ** 63, 1e300, 0.5])
    case 'boolean':
      return choices.chance(0.5)
    default:
      // An address that refuses at once: what waits for somebody else's answer would measure somebody else.
      if (choices.chance(0.2)) return `fuzz-${Math.floor(choices.next() * 1e9)}`
      return choices.chance(0.5) ? choices.pick(commonTexts) : choices.pick([...oddTexts, 'http://127.0.0.1:1/'])
  }
}

/** Half a surrogate pair has no UTF-8: the bytes that some encoders write for it are sent. */
export function encoded(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.charCodeAt(0)
      if (character.length === 1 && code >= 0xd800 && code <= 0xdfff) return '%ED%A0%80'
      return encodeURIComponent(character)
    })
    .join('')
}

/** Doors that have no document: content, tokens, forms of browsers. */
export function otherRequest(choices: Choices, known: Known): FuzzRequest {
  const word = () =>
    encoded(choices.pick([...oddTexts, ...known.words, ...known.references, ...known.repositories, ...known.projects]))
  const name = () => (choices.chance(0.6) ? `${choices.pick(known.projects)}/app` : `${word()}/${word()}`)
  const [target, method] = choices.pick<readonly [string, string]>([
    [`/v2/${name()}/manifests/${word()}`, choices.pick(['GET', 'HEAD', 'PUT', 'DELETE'])],
    [`/v2/${name()}/manifests/${word()}?tag=${word()}&tag=${word()}`, 'PUT'],
    [`/v2/${name()}/blobs/${word()}`, choices.pick(['GET', 'HEAD', 'DELETE'])],
    [`/v2/${name()}/blobs/uploads/?digest=${word()}&mount=${word()}&from=${word()}`, 'POST'],
    [`/v2/${name()}/blobs/uploads/${word()}?digest=${word()}`, choices.pick(['GET', 'PATCH', 'PUT', 'DELETE'])],
    [`/v2/${name()}/tags/list?n=${word()}&last=${word()}`, 'GET'],
    [`/v2/${name()}/referrers/${word()}?artifactType=${word()}`, 'GET'],
    [`/v2/_catalog?n=${word()}&last=${word()}`, 'GET'],
    [`/service/token?service=harbor-registry&scope=repository:${name()}:${word()}&account=${word()}`, 'GET'],
    [`/service/token?service=${word()}&scope=${word()}`, choices.pick(['GET', 'POST'])],
    [
      `/c/${choices.pick(['login', 'log_out', 'oidc/login', 'oidc/callback', 'oidc/onboard', word()])}?${word()}=${word()}`,
      choices.pick(['GET', 'POST']),
    ],
    [`/api/v2.0/${word()}/${word()}`, choices.pick(['GET', 'POST', 'DELETE', 'PATCH'])],
    [`/${word()}?${word()}`, 'GET'],
  ])
  const sends = ['PUT', 'POST', 'PATCH'].includes(method)
  return {
    method,
    target,
    headers: {
      'content-type': choices.pick([
        'application/json',
        'application/vnd.oci.image.index.v1+json',
        'application/x-www-form-urlencoded',
        '',
      ]),
      range: choices.pick(['', 'bytes=0-', `bytes=${' '.repeat(3_000)}x`, '0-5']),
    },
    body: sends ? choices.pick(oddBodies) : undefined,
  }
}
