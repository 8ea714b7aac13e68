import type { Token } from 'markdown-it'

/** What a text is made of, after the parser and before React. */
export type MarkdownNode =
  | { readonly kind: 'text' | 'code' | 'block'; readonly text: string }
  | { readonly kind: 'break' | 'rule' }
  | { readonly kind: 'image'; readonly source: string; readonly text: string }
  | { readonly kind: 'link'; readonly target: string; readonly children: readonly MarkdownNode[] }
  | {
      readonly kind: 'element'
      readonly tag: string
      /** The first number of an ordered list. */
      readonly start?: number
      readonly children: readonly MarkdownNode[]
    }

interface Open {
  readonly token: Token | undefined
  readonly children: MarkdownNode[]
}

/** Elements within elements; what lies deeper is left out of the nesting, and its text stays. */
const maxDepth = 60

/** The parser's list, in which elements open and close, as a tree. */
export function treeOf(tokens: readonly Token[]): readonly MarkdownNode[] {
  const stack: Open[] = [{ token: undefined, children: [] }]
  for (const token of tokens) {
    const above = stack.at(-1)!
    if (token.nesting === 1) stack.push({ token, children: [] })
    else if (token.nesting === -1) close(stack)
    else above.children.push(...leavesOf(token))
  }
  while (stack.length > 1) close(stack)
  return stack[0]!.children
}

function close(stack: Open[]): void {
  if (stack.length < 2) return
  const { token, children } = stack.pop()!
  const above = stack.at(-1)!
  // Of a tight list: its paragraphs are no paragraphs.
  if (token === undefined || token.hidden || stack.length > maxDepth) above.children.push(...children)
  else if (token.type === 'link_open')
    above.children.push({ kind: 'link', target: String(token.attrGet('href') ?? ''), children })
  else {
    const start = token.tag === 'ol' ? Number(token.attrGet('start') ?? Number.NaN) : Number.NaN
    above.children.push({
      kind: 'element',
      tag: token.tag,
      children: token.tag === 'li' ? withBoxes(children) : children,
      ...(Number.isNaN(start) ? {} : { start }),
    })
  }
}

function leavesOf(token: Token): readonly MarkdownNode[] {
  switch (token.type) {
    case 'inline':
      return treeOf(token.children ?? [])
    case 'softbreak':
      return [{ kind: 'text', text: '\n' }]
    case 'hardbreak':
      return [{ kind: 'break' }]
    case 'hr':
      return [{ kind: 'rule' }]
    case 'code_inline':
      return [{ kind: 'code', text: token.content }]
    case 'fence':
    case 'code_block':
      return [{ kind: 'block', text: token.content.replace(/\n$/, '') }]
    case 'image':
      return [{ kind: 'image', source: String(token.attrGet('src') ?? ''), text: token.content }]
    default:
      return withoutComments(token.content)
  }
}

/** `<!-- for who edits it -->`, and the line breaks that a table of READMEs is written with. */
function withoutComments(content: string): readonly MarkdownNode[] {
  const parts = content.replaceAll(/<!--[^>]*-->/g, '').split(/<br *\/?>/)
  return parts.flatMap((text, index) => [
    ...(index === 0 ? [] : [{ kind: 'break' } as const]),
    ...(text === '' ? [] : [{ kind: 'text', text } as const]),
  ])
}

/** `- [x] done`: GitHub's boxes, as characters. */
function withBoxes(children: readonly MarkdownNode[]): readonly MarkdownNode[] {
  const [first, ...rest] = children
  if (first?.kind !== 'text') return children
  const box = /^\[([ xX])\] /.exec(first.text)
  if (box === null) return children
  return [{ kind: 'text', text: `${box[1] === ' ' ? '☐' : '☑'} ${first.text.slice(4)}` }, ...rest]
}
