import type { Command } from 'commander'
import { terminalLanguage } from '#server/config/terminal-language.ts'
import { openPack, type Pack } from '#server/http/ui/pack.ts'
import { terminalMarkdown } from '#server/runtime/terminal-markdown.ts'
import { asTyped } from '../as-typed.ts'
import { CommandError } from '../command-error.ts'
import { findSections, sectionOf, type DocsSection } from './docs-sections.ts'
import { print } from '../standard-output.ts'

interface DocsOptions {
  readonly language: string
  readonly markdown?: true
}

const languages = ['en', 'zh-CN'] as const

export function registerDocsCommand(program: Command): void {
  program
    .command('docs')
    .argument('[topic...]', 'a page (tls), a part of one (storage#restore), or words to look for')
    .description('print the guides of this version; without a topic, the list of them')
    .option('--language <language>', 'en or zh-CN; default: that of the terminal', terminalLanguage())
    .option('--markdown', 'as they are written, without the colours of a terminal')
    .addHelpText(
      'after',
      '\nExamples:\n  berth docs troubleshooting\n  berth docs storage#restore\n  berth docs disk full',
    )
    .action(async (topic: readonly string[], options: DocsOptions) => {
      const pack = await openPack()
      if (pack === undefined)
        throw new CommandError('the guides were not built', { next: 'in a checkout: bun tools/build-console.mjs' })
      printMarkdown(answer(pack, topic.join(' '), options), options)
    })
}

function answer(pack: Pack, topic: string, { language }: DocsOptions): string {
  if (!(languages as readonly string[]).includes(language))
    throw new CommandError(`there is no documentation in ${language}`, { next: 'there is: en, zh-CN', kind: 'usage' })
  if (topic === '') return listOfPages(pack, language)
  const [name = '', anchor] = topic.replace(/^\/?(docs\/)?(zh-CN\/)?/, '').split('#')
  const page = pageOf(pack, name, language)
  if (page !== undefined) {
    // Messages name a part by its English heading; a translation has another one.
    const part = anchor === undefined ? page : (sectionOf(page, anchor) ?? partInEnglish(pack, name, anchor))
    if (part === undefined)
      throw new CommandError(`the page ${name} has no part ${anchor}`, { next: `all of it: berth docs ${name}` })
    return part
  }
  const found = findSections(sectionsOf(pack, language), topic)
  if (found.length === 0)
    throw new CommandError(`no page and no part of one is about ${topic}`, { next: 'all pages: berth docs' })
  return [`# ${topic}`, ...found.slice(0, 15).map(shown)].join('\n\n')
}

function partInEnglish(pack: Pack, name: string, anchor: string): string | undefined {
  const page = pageOf(pack, name, 'en')
  return page === undefined ? undefined : sectionOf(page, anchor)
}

/** In the language of the reader; a page without translation in English. */
function pageOf(pack: Pack, name: string, language: string): string | undefined {
  const file =
    (language === 'en' ? undefined : pack.find(`/docs/${language}/${name}.md`)) ?? pack.find(`/docs/${name}.md`)
  return file === undefined ? undefined : pack.textOf(file)
}

function listOfPages(pack: Pack, language: string): string {
  const pages = sectionsOf(pack, language).filter(({ address }) => !address.includes('#'))
  const lines = pages.map(({ page, address }) => `- \`${asTyped(`berth docs ${topicOf(address)}`)}\`: ${page}`)
  return lines.filter((line) => !line.includes('docs `')).join('\n')
}

const topicOf = (address: string): string => address.replace(/^\/docs\/(zh-CN\/)?/, '')

function sectionsOf(pack: Pack, language: string): readonly DocsSection[] {
  const file = pack.find(`/docs/search.${language}.json`)
  return file === undefined ? [] : (JSON.parse(pack.textOf(file)) as readonly DocsSection[])
}

const shown = ({ page, heading, address, text }: DocsSection): string =>
  `**${page === heading ? page : `${page} › ${heading}`}**  \n\`${asTyped(`berth docs ${topicOf(decodeURI(address))}`)}\`  \n${text.slice(0, 160)}`

function printMarkdown(text: string, { markdown }: DocsOptions): void {
  const plain = text.replaceAll(/<!--[\s\S]*?-->\n?|<a id="[\w-]+"><\/a> ?/g, '').replaceAll(/<br ?\/?>/g, ' ')
  if (markdown === true || !process.stdout.isTTY) print(plain.trimEnd())
  else print(terminalMarkdown(plain, Math.min(process.stdout.columns, 120)).trimEnd())
}
