import { addressOf, shelvesOf, type DocsLanguage, type DocsPage, type Shelf } from './pages.ts'
import { escapeHtml, outlineOf } from './render.ts'

/** Addresses of what every page loads. */
export interface DocsAssets {
  readonly styles: string
  readonly icon: string
  /** The script that sets the theme before anything is painted. */
  readonly first: string
  readonly script: string
  readonly searchText: Readonly<Record<DocsLanguage, string>>
}

interface Texts {
  readonly documentation: string
  readonly skip: string
  readonly pages: string
  readonly onThisPage: string
  readonly search: string
  readonly results: string
  readonly nothing: string
  readonly theme: string
  readonly console: string
  readonly otherLanguage: string
  readonly onlyEnglish: string
  readonly copy: string
  readonly copied: string
  readonly shelves: Readonly<Record<Shelf['name'], string>>
}

export const texts: Readonly<Record<DocsLanguage, Texts>> = {
  en: {
    documentation: 'Documentation',
    skip: 'Skip to content',
    pages: 'Pages',
    onThisPage: 'On this page',
    search: 'Search the documentation',
    results: 'Results',
    nothing: 'Nothing found',
    theme: 'Light or dark',
    console: 'Console',
    otherLanguage: '简体中文',
    onlyEnglish: '',
    copy: 'Copy',
    copied: 'Copied',
    shelves: {
      install: 'Install',
      run: 'Operate',
      secure: 'Secure',
      use: 'Use',
      migrate: 'Migrate',
      reference: 'Reference',
      design: 'Design',
    },
  },
  'zh-CN': {
    documentation: '文档',
    skip: '跳到正文',
    pages: '页面',
    onThisPage: '本页内容',
    search: '搜索文档',
    results: '搜索结果',
    nothing: '没有找到',
    theme: '浅色或深色',
    console: '控制台',
    otherLanguage: 'English',
    onlyEnglish: '本页只有英文版。',
    copy: '复制',
    copied: '已复制',
    shelves: {
      install: '安装',
      run: '运维',
      secure: '安全',
      use: '使用',
      migrate: '迁移',
      reference: '参考',
      design: '设计',
    },
  },
}

/** The whole page around a text. `shownIn`: the language of the frame, which for a page without translation is not its own. */
export function shellOf(
  page: DocsPage,
  body: string,
  {
    pages,
    shownIn,
    assets,
  }: { readonly pages: readonly DocsPage[]; readonly shownIn: DocsLanguage; readonly assets: DocsAssets },
): string {
  const t = texts[shownIn]
  const other: DocsLanguage = shownIn === 'en' ? 'zh-CN' : 'en'
  const title = page.topic === '' ? `Berth · ${t.documentation}` : `${page.title} · Berth`
  const foreign = page.language === shownIn ? '' : ` lang="${page.language}"`
  const outline = outlineOf(page)
  return `<!doctype html>
<html lang="${shownIn}" data-mantine-color-scheme="light">
<head>
<meta charset="utf-8" />
<title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<link rel="icon" type="image/svg+xml" href="${assets.icon}" />
<link rel="stylesheet" href="${assets.styles}" />
<script src="${assets.first}"></script>
<script type="module" src="${assets.script}"></script>
</head>
<body data-search="${assets.searchText[shownIn]}" data-results="${t.results}" data-nothing="${t.nothing}" data-copied="${t.copied}">
<a class="skip" href="#content">${t.skip}</a>
<header>
<a class="brand" href="${addressOf('', shownIn)}"><img src="${assets.icon}" alt="" width="26" height="26" /><span translate="no">Berth</span> <span class="quiet">${t.documentation}</span></a>
<search><input type="search" id="search" placeholder="${t.search}" aria-label="${t.search}" autocomplete="off" hidden /><div id="results" role="region" aria-label="${t.results}" aria-live="polite" hidden></div></search>
<nav class="tools" aria-label="Berth"><a class="menu" href="#pages">${t.pages}</a><a href="${addressOf(page.topic, other)}" lang="${other}" hreflang="${other}">${t.otherLanguage}</a><button type="button" id="theme" hidden>${t.theme}</button><a href="/">${t.console}</a></nav>
</header>
<div class="columns">
<main id="content" tabindex="-1">
${foreign !== '' && t.onlyEnglish !== '' ? `<p class="quiet">${t.onlyEnglish}</p>` : ''}
<article${foreign}>
${body}</article>
</main>
${outline.length < 3 ? '' : outlineList(outline, t)}
<nav class="pages" id="pages" aria-label="${t.pages}">
${shelvesOf(pages, shownIn)
  .filter((shelf) => shelf.pages.length > 0)
  .map((shelf) => shelfList(shelf, page, shownIn))
  .join('\n')}
</nav>
</div>
</body>
</html>
`
}

const outlineList = (outline: ReturnType<typeof outlineOf>, t: Texts): string =>
  `<nav class="outline" aria-label="${t.onThisPage}"><p>${t.onThisPage}</p><ul>${outline
    .map(({ anchor, text }) => `<li><a href="#${anchor}">${escapeHtml(text)}</a></li>`)
    .join('')}</ul></nav>`

function shelfList({ name, pages }: Shelf, current: DocsPage, shownIn: DocsLanguage): string {
  const links = pages.map((page) => {
    const mark = page.topic === current.topic ? ' aria-current="page"' : ''
    const foreign = page.language === shownIn ? '' : ` lang="${page.language}"`
    return `<li><a href="${addressOf(page.topic, shownIn)}"${mark}${foreign}>${escapeHtml(shortTitle(page))}</a></li>`
  })
  return `<p>${texts[shownIn].shelves[name]}</p><ul>${links.join('')}</ul>`
}

/** Without what follows a colon, which is for the page itself. */
export const shortTitle = ({ title }: DocsPage): string => title.replace(/(?:: |：).*$/, '')
