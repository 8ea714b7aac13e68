import { damaged, Unreadable } from '../verdict.ts'

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  readonly text: string
}

const maxDepth = 200
const maxElements = 500_000

interface OpenElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: XmlElement[]
  text: string
}

/**
 * XML as build files have it: elements, attributes, text. What a document type declares is passed over, so nothing can be
 * fetched or multiplied by it. Time is linear in the text. @throws Unreadable
 */
export function readXml(text: string): XmlElement {
  const top: OpenElement = { name: '', attributes: new Map(), children: [], text: '' }
  const open: OpenElement[] = [top]
  let elements = 0
  for (let at = 0; at < text.length;) {
    const inner = open.at(-1)!
    const start = text.indexOf('<', at)
    if (start === -1) break
    if (inner.text.length < 10_000) inner.text += decoded(text.slice(at, Math.min(start, at + 10_000)))
    const skipped = endOfSpecial(text, start)
    if (skipped !== undefined) {
      if (text.startsWith('<![CDATA[', start))
        inner.text += text.slice(start + 9, Math.min(skipped - 3, start + 10_000))
      at = skipped
      continue
    }
    const end = endOfTag(text, start)
    const tag = text.slice(start + 1, end)
    at = end + 1
    if (tag.startsWith('/')) close(open, withoutPrefix(tag.slice(1).trim()))
    else {
      if (++elements > maxElements) throw new Unreadable('TOO_LARGE', `it has more than ${maxElements} elements`)
      if (open.length > maxDepth) throw new Unreadable('TOO_DEEP', `its elements are nested more than ${maxDepth} deep`)
      const element = opened(tag)
      open.push(element)
      if (tag.endsWith('/')) close(open, element.name)
    }
  }
  while (open.length > 1) close(open, open.at(-1)!.name)
  const [root] = top.children
  if (root === undefined) throw damaged('it is no XML')
  return root
}

/** Comments, declarations, instructions and raw text. */
function endOfSpecial(text: string, start: number): number | undefined {
  const ends: readonly [begin: string, end: string][] = [
    ['<!--', '-->'],
    ['<![CDATA[', ']]>'],
    ['<?', '?>'],
    ['<!', '>'],
  ]
  const found = ends.find(([begin]) => text.startsWith(begin, start))
  if (found === undefined) return undefined
  const end = text.indexOf(found[1], start + found[0].length)
  return end === -1 ? text.length : end + found[1].length
}

/** A `>` within quotes is no end. */
function endOfTag(text: string, start: number): number {
  let quote = ''
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]!
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '>') return at
  }
  throw damaged('a tag of it is not closed')
}

function opened(tag: string): OpenElement {
  const body = tag.endsWith('/') ? tag.slice(0, -1) : tag
  const [name = ''] = body.split(/\s/, 1)
  const attributes = new Map<string, string>()
  for (const [, key = '', double, single] of body
    .slice(name.length)
    .matchAll(/([\w:.-]+)\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)')/g)) {
    attributes.set(withoutPrefix(key), decoded(double ?? single ?? ''))
  }
  return { name: withoutPrefix(name), attributes, children: [], text: '' }
}

/** An end that nothing began is passed over; one of an outer element closes the inner ones. */
function close(open: OpenElement[], name: string): void {
  if (!open.some((each, at) => at > 0 && each.name === name)) return
  for (let closed = ''; closed !== name;) {
    const element = open.pop()!
    closed = element.name
    open.at(-1)!.children.push({ ...element, text: element.text.trim() })
  }
}

const withoutPrefix = (name: string): string => name.slice(name.indexOf(':') + 1)

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const decoded = (text: string): string =>
  text.includes('&') ? text.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => entities[name]!) : text

export const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((each) => each.name === name)

export const childrenOf = (element: XmlElement | undefined, name: string): readonly XmlElement[] =>
  element?.children.filter((each) => each.name === name) ?? []

export const childText = (element: XmlElement | undefined, name: string): string => childOf(element, name)?.text ?? ''
