import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { guideGroups, guides, type GuideGroup } from '#contract/guides.ts'
import { headingsOf } from './markdown.ts'

const root = dirname(dirname(import.meta.dirname))

export type DocsLanguage = 'en' | 'zh-CN'

/** A Markdown file of the project that the process serves as a page. */
export interface DocsPage {
  /** From the root of the project. */
  readonly file: string
  readonly language: DocsLanguage
  /** Below /docs: '' is the first page. */
  readonly topic: string
  readonly address: string
  readonly title: string
  readonly text: string
}

/** Pages outside docs/, under the names that they have below /docs. */
const outside: Readonly<Record<string, string>> = {
  'ARCHITECTURE.md': 'architecture',
  'CHANGELOG.md': 'changelog',
  'CONTRIBUTING.md': 'contributing',
  'SECURITY.md': 'security',
  'bench/RESULTS.md': 'speed',
}

/** Every page, in both languages. */
export function docsPages(): readonly DocsPage[] {
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file))
    .toSorted()
  return [...below, ...Object.keys(outside)].map(pageOf)
}

function pageOf(file: string): DocsPage {
  const language = /\bzh-CN\b/.test(file) ? 'zh-CN' : 'en'
  const topic = outside[file] ?? topicOf(file)
  const text = readFileSync(join(root, file), 'utf8')
  const title = headingsOf(text)[0]?.text
  if (title === undefined) throw new Error(`${file} has no heading`)
  return { file, language, topic, address: addressOf(topic, language), title, text }
}

/** `docs/guides/zh-CN/tls.md` is `tls`, `docs/reference/cli.md` is `reference/cli`. */
const topicOf = (file: string): string =>
  file
    .replace(/^docs\//, '')
    .replace(/\bzh-CN\//, '')
    .replace(/^guides\//, '')
    .replace(/^README(\.zh-CN)?\.md$/, '')
    .replace(/\.md$/, '')

export const addressOf = (topic: string, language: DocsLanguage): string =>
  language === 'en' ? `/docs/${topic}` : `/docs/zh-CN/${topic}`

/** What a link of a page leads to: a file of the project. */
export const targetOf = (page: Pick<DocsPage, 'file'>, path: string): string =>
  path === '' ? page.file : normalize(join(dirname(page.file), path))

/** The page of a topic in the language of the reader; one without translation as it is. */
export function findPage(pages: readonly DocsPage[], topic: string, language: DocsLanguage): DocsPage | undefined {
  const found = pages.filter((page) => page.topic === topic)
  return found.find((page) => page.language === language) ?? found[0]
}

export interface Shelf {
  readonly name: GuideGroup | 'reference' | 'design'
  readonly pages: readonly DocsPage[]
}

/** The pages of a language as the navigation shows them. Where there is no translation the English page stands. */
export function shelvesOf(pages: readonly DocsPage[], language: DocsLanguage): readonly Shelf[] {
  const present = (topics: readonly string[]) =>
    topics.map((topic) => findPage(pages, topic, language)).filter((page) => page !== undefined)
  const topics = [...new Set(pages.map(({ topic }) => topic))]
  const guideShelves = Object.entries(guideGroups).map(([name, group]) => ({
    name: name as GuideGroup,
    pages: present(group),
  }))
  return [
    ...guideShelves,
    { name: 'reference', pages: present(topics.filter((topic) => topic.startsWith('reference/'))) },
    {
      name: 'design',
      pages: present(['architecture', 'security', 'security/attacks', 'compliance/mlps', 'speed', 'changelog']),
    },
  ]
}

/** Guides that nobody put on a shelf: a test asks that there is none. */
export const guidesWithoutShelf = (pages: readonly DocsPage[]): readonly string[] =>
  pages
    .filter(({ file }) => file.startsWith('docs/guides/'))
    .map(({ topic }) => topic)
    .filter((topic) => !(guides as readonly string[]).includes(topic))
