/** How a registry wants a client to authenticate (RFC 9110 §11.6.1, distribution: token authentication). */
export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer'
      readonly realm: string
      readonly service: string | undefined
      readonly scopes: readonly string[]
    }

const maxParameterLength = 2_048

/** The challenge that can be answered, Bearer before Basic; undefined when there is none. */
export function parseChallenge(header: string | readonly string[] | undefined): Challenge | undefined {
  const texts = typeof header === 'string' ? [header] : (header ?? [])
  for (const text of texts) {
    const start = /(?:^|,\s*)bearer\s+/i.exec(text)
    if (start === null) continue
    const parameters = parseParameters(text.slice(start.index + start[0].length))
    const scope = parameters.get('scope') ?? ''
    return {
      scheme: 'bearer',
      realm: parameters.get('realm') ?? '',
      service: parameters.get('service'),
      scopes: scope.split(' ').filter((part) => part !== ''),
    }
  }
  return texts.some((text) => /(?:^|,\s*)basic(?:\s|$)/i.test(text)) ? { scheme: 'basic' } : undefined
}

/** `realm="…",service=…`, as far as it has this form; the first of two equal names counts. */
function parseParameters(text: string): Map<string, string> {
  const found = new Map<string, string>()
  const parameter = /\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)/y
  for (let match = parameter.exec(text); match !== null; match = parameter.exec(text)) {
    const [, name = '', quotedValue, bare = ''] = match
    const value = quotedValue === undefined ? bare : quotedValue.replace(/\\(.)/g, '$1')
    const key = name.toLowerCase()
    if (!found.has(key) && value.length <= maxParameterLength) found.set(key, value)
  }
  return found
}
