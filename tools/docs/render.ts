import { Anchors, headingsOf, type Heading } from './markdown.ts'
import { targetOf, type DocsPage } from './pages.ts'

interface RenderOptions {
  /** Address of the page that a file of the project is served as; undefined for a file that is not. */
  readonly addressOfFile: (file: string) => string | undefined
  /** Text of the button that copies a block of code. */
  readonly copy: string
}

/** Without comments; lines of Chinese go on without a space, and an anchor that the text names stays as a mark. */
const readable = (text: string): string =>
  text
    .replaceAll(/<!--[\s\S]*?-->\n?/g, '')
    .replaceAll(/(?<=[\p{Script=Han}，。、；：！？（）“”])\n[ \t]*(?=[\p{Script=Han}，。、；：！？（）“”])/gu, '')

interface Meta {
  readonly level?: number
  readonly href?: string
  readonly language?: string
  readonly align?: string
  readonly ordered?: boolean
  readonly start?: number
}

type Callback = (children: string, meta?: Meta) => string

/** The HTML that pages may have: a line's end, and a place that messages link to. */
function keptHtml(text: string): string | undefined {
  if (/^<br ?\/?>$/.test(text)) return '<br />'
  const anchor = /^<a id="([\w-]+)">$/.exec(text)?.[1]
  if (anchor !== undefined) return `<a id="${anchor}">`
  return text === '</a>' ? text : undefined
}

/** A page as HTML. Its text is escaped, whatever it is; HTML in it is left out but for line breaks. */
export function renderPage(page: Pick<DocsPage, 'file' | 'text'>, { addressOfFile, copy }: RenderOptions): string {
  const anchors = new Anchors()
  const element =
    (name: string): Callback =>
    (children) =>
      `<${name}>${children}</${name}>`
  const cell =
    (name: string): Callback =>
    (children, meta) =>
      meta?.align === 'right' ? `<${name} class="right">${children}</${name}>` : `<${name}>${children}</${name}>`
  return Bun.markdown.render(readable(page.text), {
    text: (text) => keptHtml(text) ?? escapeHtml(text),
    heading: (children, meta) => {
      const anchor = anchors.of(unescapeHtml(children.replaceAll(/<[^>]*>/g, '')))
      const level = meta?.level ?? 1
      return level === 1
        ? `<h1 id="${anchor}">${children}</h1>\n`
        : `<h${level} id="${anchor}"><a class="anchor" href="#${anchor}">${children}</a></h${level}>\n`
    },
    paragraph: (children) => `<p>${children}</p>\n`,
    blockquote: (children) => `<blockquote>${children}</blockquote>\n`,
    code: (children) =>
      `<div class="block"><pre tabindex="0"><code>${children}</code></pre><button type="button" class="copy" hidden>${copy}</button></div>\n`,
    codespan: element('code'),
    strong: element('strong'),
    emphasis: element('em'),
    list: (children, meta) =>
      meta?.ordered === true
        ? `<ol${meta.start === undefined || meta.start === 1 ? '' : ` start="${meta.start}"`}>${children}</ol>\n`
        : `<ul>${children}</ul>\n`,
    listItem: element('li'),
    hr: () => '<hr />\n',
    table: (children) => `<div class="table" tabindex="0"><table>${children}</table></div>\n`,
    thead: element('thead'),
    tbody: element('tbody'),
    tr: element('tr'),
    th: cell('th'),
    td: cell('td'),
    html: () => '',
    image: () => '',
    link: (children, meta) => {
      const href = linkOf(page, meta?.href ?? '', addressOfFile)
      return href === undefined ? children : `<a href="${escapeHtml(href)}">${children}</a>`
    },
  })
}

/** Where a link leads from the served page; undefined for a file of the checkout, of which only the name stays. */
function linkOf(
  page: Pick<DocsPage, 'file'>,
  href: string,
  addressOfFile: RenderOptions['addressOfFile'],
): string | undefined {
  if (/^(https?:|#)/.test(href)) return href
  const [path = '', anchor] = href.split('#')
  const address = addressOfFile(targetOf(page, path))
  return address === undefined ? undefined : anchor === undefined ? address : `${address}#${anchor}`
}

/** The headings that the list at the side shows. */
export const outlineOf = (page: Pick<DocsPage, 'text'>): readonly Heading[] =>
  headingsOf(page.text).filter(({ level }) => level === 2)

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const characters = new Map(Object.entries(entities).map(([character, entity]) => [entity, character]))

export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => entities[character]!)

const unescapeHtml = (text: string): string =>
  text.replaceAll(/&(?:amp|lt|gt|quot);/g, (entity) => characters.get(entity)!)
