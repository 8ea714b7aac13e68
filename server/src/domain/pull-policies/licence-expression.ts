/**
 * Licences as packages write them: expressions of SPDX, the ids of its older lists, the short names of distributions, and lists. What
 * is none of these is not guessed at.
 */

/** One licence. The version and the ending are undefined where they are not said: then every one is meant. */
interface Licence {
  /** In lower case, without version and ending. */
  readonly family: string
  readonly version: string | undefined
  readonly ending: 'only' | 'or-later' | undefined
  readonly exception: string | undefined
}

type Expression =
  | { readonly kind: 'licence'; readonly written: string; readonly licence: Licence }
  | { readonly kind: 'all' | 'either'; readonly parts: readonly Expression[] }

const maxLength = 2_000
const maxDepth = 32

/** What a text has of the denied licences. */
export interface LicenceFinding {
  /** As they are written. */
  readonly denied: readonly string[]
  /** False for a text that is no expression; then only names in it were looked for. */
  readonly isRead: boolean
}

/**
 * `A AND B` is denied with either of them: both bind. `A OR B` is denied when both are: one may choose. A licence WITH an exception is
 * denied with the licence. Lists (`A, B`, `A/B`) do not say whether one may choose, so each binds.
 */
export function findDenied(text: string, denied: readonly DeniedLicence[]): LicenceFinding {
  const expression = readExpression(text)
  const isDenied = (licence: Licence) => denied.some((each) => covers(each, licence))
  if (expression !== undefined) return { denied: deniedIn(expression, isDenied), isRead: true }
  const words = text.slice(0, maxLength).match(/[A-Za-z0-9.+:_-]+/g) ?? []
  return { denied: words.filter((word) => isDenied(licenceOf(word))), isRead: false }
}

/** A licence that a policy names, ready to compare. */
export type DeniedLicence = Licence

/** Undefined for what is no single licence. */
export function readDenied(text: string): DeniedLicence | undefined {
  const expression = readExpression(text)
  return expression?.kind === 'licence' ? expression.licence : undefined
}

function deniedIn(expression: Expression, isDenied: (licence: Licence) => boolean): readonly string[] {
  if (expression.kind === 'licence') return isDenied(expression.licence) ? [expression.written] : []
  const found = expression.parts.map((part) => deniedIn(part, isDenied))
  return expression.kind === 'either' && found.some((part) => part.length === 0) ? [] : found.flat()
}

/** What is not said on one side is whatever the other says: `GPL-3.0` may be "only" and "or later". */
function covers(denied: Licence, found: Licence): boolean {
  const fits = (one: string | undefined, other: string | undefined) =>
    one === undefined || other === undefined || one === other
  return (
    denied.family === found.family &&
    fits(denied.version, found.version) &&
    fits(denied.ending, found.ending) &&
    (denied.exception === undefined || denied.exception === found.exception)
  )
}

/** The GNU licences have many spellings: `GPL-3.0-or-later`, `GPL-3.0+`, `GPL-3+`, `GPLv3+`, `gpl3`, `GPL`. */
const ofGnu = /^(agpl|lgpl|gpl|gfdl)(?:[-_]?v?(\d+)(?:\.(\d+))?)?(\+|-only|-or-later)?$/

function licenceOf(written: string, exception?: string): Licence {
  const lower = written.toLowerCase()
  const common = { exception: exception?.toLowerCase() }
  const [, family, major, minor = '0', ending] = ofGnu.exec(lower) ?? []
  if (family !== undefined)
    return { ...common, family, version: major && `${major}.${minor}`, ending: endings[ending ?? ''] }
  const isLater = lower.endsWith('+')
  const plain = isLater ? lower.slice(0, -1) : lower
  const [name, end] = plain.endsWith('-or-later') ? [plain.slice(0, -9), true] : [plain, isLater]
  return { ...common, family: aliases[name] ?? name, version: undefined, ending: end ? 'or-later' : undefined }
}

const endings: Readonly<Record<string, 'only' | 'or-later'>> = {
  '+': 'or-later',
  '-or-later': 'or-later',
  '-only': 'only',
}

/** Short names of Debian (copyright-format 1.0 §license-short-name) for what SPDX calls otherwise. */
const aliases: Readonly<Record<string, string>> = Object.assign(Object.create(null), { expat: 'mit' })

type Token = '(' | ')' | 'and' | 'or' | 'with' | ',' | { readonly name: string }

const tokenPattern = /\s*(?:([()])|([,;/|&]+)|([A-Za-z0-9][A-Za-z0-9.:_-]*\+?))/y

function tokensOf(text: string): readonly Token[] | undefined {
  const tokens: Token[] = []
  tokenPattern.lastIndex = 0
  const trimmed = text.trim()
  while (tokenPattern.lastIndex < trimmed.length) {
    const found = tokenPattern.exec(trimmed)
    if (found === null) return undefined
    const [, bracket, separator, name] = found
    const word = name?.toLowerCase()
    if (bracket !== undefined) tokens.push(bracket as '(' | ')')
    else if (separator !== undefined) tokens.push(',')
    else tokens.push(word === 'and' || word === 'or' || word === 'with' ? word : { name: name! })
  }
  return tokens
}

/** SPDX 2.3 annex D: WITH binds closest, then AND, then OR; lists, which are none of it, last. Undefined for what is no expression. */
function readExpression(text: string): Expression | undefined {
  if (text.length > maxLength) return undefined
  const tokens = tokensOf(text)
  if (tokens === undefined) return undefined
  let at = 0
  const listOf = (
    kind: 'all' | 'either',
    between: Token,
    read: (depth: number) => Expression | undefined,
    depth: number,
  ): Expression | undefined => {
    const parts: Expression[] = []
    do {
      const part = read(depth)
      if (part === undefined) return undefined
      parts.push(part)
    } while (tokens[at] === between && (at += 1) > 0)
    return parts.length === 1 ? parts[0] : { kind, parts }
  }
  const list = (depth: number) => listOf('all', ',', either, depth)
  const either = (depth: number) => listOf('either', 'or', all, depth)
  const all = (depth: number) => listOf('all', 'and', one, depth)
  const one = (depth: number): Expression | undefined => {
    const token = tokens[at++]
    if (token === '(' && depth < maxDepth) {
      const inner = list(depth + 1)
      return tokens[at++] === ')' ? inner : undefined
    }
    if (typeof token !== 'object') return undefined
    if (tokens[at] !== 'with') return { kind: 'licence', written: token.name, licence: licenceOf(token.name) }
    const exception = tokens[at + 1]
    if (typeof exception !== 'object') return undefined
    at += 2
    return {
      kind: 'licence',
      written: `${token.name} WITH ${exception.name}`,
      licence: licenceOf(token.name, exception.name),
    }
  }
  const expression = list(0)
  return at === tokens.length ? expression : undefined
}
