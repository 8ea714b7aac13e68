import { fencesOf, headingsOf, plainText, replaceFences } from './markdown.ts'
import { addressOf, docsPages, findPage, type DocsLanguage, type DocsPage } from './pages.ts'
import { renderPage } from './render.ts'
import { shellOf, shortTitle, texts, type DocsAssets } from './shell.ts'

/** A section as the search of the browser finds it. */
interface SearchSection {
  readonly page: string
  readonly heading: string
  readonly address: string
  readonly text: string
}

const languages: readonly DocsLanguage[] = ['en', 'zh-CN']

/**
 * Everything below /docs, by its address: each page in both languages, its Markdown for terminals, and the texts that
 * are searched. The order of the index is that of `berth docs`.
 */
export function docsFiles(assets: Omit<DocsAssets, 'searchText'>): Map<string, Buffer> {
  const pages = docsPages()
  const topics = [...new Set(pages.map(({ topic }) => topic))]
  const searchText = { en: '/docs/search.en.json', 'zh-CN': '/docs/search.zh-CN.json' } as const
  const files = new Map<string, Buffer>()
  for (const language of languages) {
    const shown = topics.map((topic) => findPage(pages, topic, language)!)
    for (const page of shown) {
      const addressOfFile = (file: string) => addressIn(pages, language, file)
      const body = renderPage(page, { addressOfFile, copy: texts[language].copy })
      const text = shellOf(page, body, { pages, shownIn: language, assets: { ...assets, searchText } })
      files.set(`${fileOf(addressOf(page.topic, language))}.html`, Buffer.from(text))
    }
    const sections = shown
      // The history and the reasons are read, not looked up.
      .filter(({ topic }) => !/^(adr\/|changelog|speed|contributing|architecture)/.test(topic))
      .flatMap((page) => sectionsOf(page, language))
    files.set(searchText[language], Buffer.from(JSON.stringify(sections)))
  }
  for (const page of pages) files.set(`${fileOf(page.address)}.md`, Buffer.from(page.text))
  return files
}

const fileOf = (address: string): string => (address.endsWith('/') ? `${address}index` : address)

/** The address of a file in the language of the reader: an English page that links to an English one stays in the frame. */
function addressIn(pages: readonly DocsPage[], language: DocsLanguage, file: string): string | undefined {
  if (/^README(\.zh-CN)?\.md$/.test(file)) return addressOf('', language)
  const page = pages.find((each) => each.file === file)
  return page === undefined ? undefined : addressOf(page.topic, language)
}

function sectionsOf(page: DocsPage, language: DocsLanguage): SearchSection[] {
  const headings = headingsOf(page.text)
  const texts = textsBetweenHeadings(page.text)
  return headings.map(({ text: heading, anchor, level }, index) => ({
    page: shortTitle(page),
    heading: level === 1 ? shortTitle(page) : heading,
    address: addressOf(page.topic, language) + (level === 1 ? '' : `#${anchor}`),
    text: texts[index] ?? '',
  }))
}

/** What stands below each heading, code too, as plain words. */
function textsBetweenHeadings(text: string): string[] {
  const kept = fencesOf(text).map((fence) => fence.text)
  return replaceFences(text, (index) => `\u0000${index}\u0000`)
    .split(/^#{1,6} .+$/m)
    .slice(1)
    .map((part) =>
      plainText(part)
        // oxlint-disable-next-line no-control-regex
        .replaceAll(/\u0000(\d+)\u0000/g, (_, index: string) => kept[Number(index)] ?? '')
        .replaceAll(/[|\s]+/g, ' ')
        .replaceAll(/ ?-{3,} ?/g, ' ')
        .trim(),
    )
}
