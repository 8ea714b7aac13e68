type Json = Readonly<Record<string, unknown>>

const digest = `sha256:${'3f'.repeat(32)}`
const moment = '2026-03-01T12:00:00.000Z'

/** What a field or parameter of this name holds, so that an example reads like a registry and not like a schema. */
const byName: Readonly<Record<string, unknown>> = {
  project_name: 'library',
  project_name_or_id: 'library',
  repository_name: 'app%252Fweb',
  reference: 'v1.2.0',
  tag_name: 'v1.2.0',
  username: 'ada',
  email: 'ada@example.com',
  realname: 'Ada Lovelace',
  password: 'Correct-Horse-7',
  old_password: 'Correct-Horse-7',
  new_password: 'Better-Horse-8',
  secret: 'Correct-Horse-7',
  digest,
  url: 'https://registry.example.com',
  cron: '0 0 3 * * *',
  schedule: { type: 'Custom', cron: '0 0 3 * * *' },
  color: '#0b5c8a',
  scope: 'g',
  level: 'project',
  kind: 'project',
  namespace: 'library',
  resource: 'repository',
  action: 'pull',
  q: 'name=~app',
  sort: '-creation_time',
  page: 1,
  page_size: 10,
  'X-Request-Id': 'a-name-of-mine',
}

const maxDepth = 6

/** A value that the schema allows: the fields that must be there, with what their names stand for. */
export function exampleOf(schema: Json, name = '', depth = 0): unknown {
  if ('const' in schema) return schema['const']
  if ('default' in schema) return schema['default']
  const known = Object.hasOwn(byName, name) ? byName[name] : undefined
  if (known !== undefined && mayBe(schema, known)) return known
  const choices = (schema['enum'] ?? []) as readonly unknown[]
  if (choices.length > 0) return choices[0]
  const inner = (schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf']) as readonly Json[] | undefined
  if (inner?.[0] !== undefined) {
    const first = inner.find((each) => each['type'] !== 'null') ?? inner[0]
    return exampleOf(first, name, depth)
  }
  switch (typeOf(schema)) {
    case 'object':
      return objectExample(schema, depth)
    case 'array':
      return arrayExample(schema['items'] as Json | undefined, name, depth)
    case 'integer':
    case 'number':
      return Math.max(1, Number(schema['minimum'] ?? 1))
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return textExample(schema, name)
  }
}

function objectExample(schema: Json, depth: number): Json {
  if (depth > maxDepth) return {}
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Json>>
  const required = new Set((schema['required'] ?? []) as readonly string[])
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([key]) => required.has(key))
      .map(([key, inner]) => [key, exampleOf(inner, key, depth + 1)]),
  )
}

function arrayExample(items: Json | undefined, name: string, depth: number): readonly unknown[] {
  const holdsNothing = items === undefined || 'not' in items
  return holdsNothing || depth > maxDepth ? [] : [exampleOf(items, singular(name), depth + 1)]
}

function textExample(schema: Json, name: string): string {
  const plain = name === '' ? 'text' : name.replaceAll('_', '-')
  const pattern = schema['pattern'] === undefined ? /^/ : new RegExp(String(schema['pattern']))
  if (schema['format'] === 'date-time') return moment
  const candidates = [/digest/.test(name) ? digest : plain, 'true', '1', digest, plain]
  if (/url/i.test(name)) candidates.unshift('https://registry.example.com')
  return candidates.find((each) => pattern.test(each)) ?? plain
}

const typeOf = (schema: Json): unknown => {
  const type = schema['type']
  return Array.isArray(type) ? type.find((each) => each !== 'null') : type
}

/** A name may mean something else in another place: its value is taken where the type fits. */
function mayBe(schema: Json, value: unknown): boolean {
  const choices = schema['enum'] as readonly unknown[] | undefined
  if (choices !== undefined) return choices.includes(value)
  const inner = (schema['anyOf'] ?? schema['oneOf']) as readonly Json[] | undefined
  if (inner !== undefined) return inner.some((each) => mayBe(each, value))
  const type = typeOf(schema)
  if (type === undefined) return true
  const { pattern } = schema
  if (typeof pattern === 'string' && typeof value === 'string') return new RegExp(pattern).test(value)
  if (Array.isArray(value)) return type === 'array'
  if (typeof value === 'number') return type === 'integer' || type === 'number'
  return typeof value === type
}

const singular = (name: string): string => name.replace(/s$/, '')
