import { createHash } from 'node:crypto'
import { route, type Route } from './route.ts'

/** What the page reads of the document; the rest is for programs. */
interface Operation {
  readonly tags: readonly string[]
  readonly operationId: string
  readonly summary: string
  readonly 'x-access': string
  readonly parameters: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly schema?: unknown
    readonly description?: string
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> }
  readonly responses: Readonly<Record<string, { readonly description?: string; readonly content?: unknown }>>
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>

const style = `
:root { color-scheme: light dark; --line: light-dark(#d8dde3, #3a4048); --soft: light-dark(#f4f6f8, #1c2126);
  --accent: light-dark(#0b5c8a, #6cc0ee) }
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 0 auto; max-width: 62rem; padding: 2rem 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2.5rem; text-transform: capitalize }
a { color: var(--accent) }
details { border: 1px solid var(--line); border-radius: 8px; margin: .4rem 0; background: var(--soft) }
summary { cursor: pointer; display: flex; flex-wrap: wrap; gap: .3rem .8rem; padding: .5rem .8rem }
summary b { font-family: ui-monospace, monospace; min-width: 4rem; color: var(--accent) }
summary code { overflow-wrap: anywhere } summary span { flex: 1 1 14rem; opacity: .8 }
.body { padding: 0 .8rem .6rem } pre { overflow: auto; background: light-dark(#fff, #12161a); padding: .6rem; border-radius: 6px }
table { border-collapse: collapse; width: 100% } td, th { border-bottom: 1px solid var(--line); padding: .25rem .4rem; text-align: left }
`

const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`

/** A page for people, of the same document that programs read: nothing on it is written twice. */
export function openApiPageRoute(document: () => Readonly<Record<string, unknown>>): Route {
  let page: string | undefined
  return route({
    method: 'GET',
    path: '/docs',
    tag: 'systeminfo',
    operationId: 'getOpenApiPage',
    summary: 'This page: the operations of this API for people.',
    access: { kind: 'anyone' },
    answers: { 200: null },
    handle: async () =>
      new Response((page ??= pageOf(document()['paths'] as Paths)), {
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': `default-src 'none'; style-src ${styleHash}; frame-ancestors 'none'; base-uri 'none'`,
          'x-content-type-options': 'nosniff',
        },
      }),
  })
}

function pageOf(paths: Paths): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const built = operations.filter(({ operation }) => operation.responses['501'] === undefined)
  const byTag = Map.groupBy(built, ({ operation }) => operation.tags[0] ?? '')
  const sections = [...byTag]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([tag, all]) => `<h2>${escape(tag)}</h2>${all.map(operationHtml).join('')}`)
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Berth API</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${style}</style></head><body>
<h1>Berth API</h1><p>Below <code>/api/v2.0</code>: Harbor’s API, and what goes beyond it. Programs read
<a href="/api/v2.0/openapi.json">openapi.json</a>. Operations that are not built answer 501 and are left out here.</p>
${sections.join('\n')}</body></html>`
}

function operationHtml({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const parameters = operation.parameters.map(
    ({ name, in: place, required, schema, description = '' }) =>
      `<tr><td><code>${escape(name)}</code>${required ? ' *' : ''}</td><td>${escape(place)}</td>` +
      `<td><code>${escape(typeOf(schema))}</code></td><td>${escape(description)}</td></tr>`,
  )
  const body = operation.requestBody?.content['application/json']?.schema
  const statuses = Object.keys(operation.responses).filter((status) => status !== 'default')
  return `<details id="${escape(operation.operationId)}"><summary><b>${method}</b><code>${escape(path)}</code>
<span>${escape(operation.summary)}</span></summary><div class="body"><p>For: ${escape(operation['x-access'])}.
Answers ${escape(statuses.join(', '))}.</p>${
    parameters.length === 0
      ? ''
      : `<table><tr><th>parameter</th><th>in</th><th>type</th><th></th></tr>${parameters.join('')}</table>`
  }${body === undefined ? '' : `<p>Body:</p><pre>${escape(JSON.stringify(body, undefined, 2))}</pre>`}</div></details>`
}

function typeOf(schema: unknown): string {
  const { type, anyOf, enum: values } = (schema ?? {}) as { type?: unknown; anyOf?: unknown[]; enum?: unknown[] }
  if (values !== undefined) return values.map(String).join(' | ')
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' | ')
  return String(type ?? 'string')
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
