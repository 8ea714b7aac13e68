import { describe, expect, test } from 'bun:test'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messages as english } from '../src/i18n/en/index.ts'
import { messages as chinese } from '../src/i18n/zh-CN/index.ts'

const source = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src')

describe('texts', () => {
  test('both catalogues have the same keys', () => {
    expect([...leaves(chinese).keys()]).toEqual([...leaves(english).keys()])
  })

  test('a text and its translation take the same arguments', () => {
    const chineseTexts = leaves(chinese)
    const wrong = [...leaves(english)]
      .map(([key, text]) => [key, argumentsOf(text), argumentsOf(chineseTexts.get(key) ?? '')] as const)
      .filter(([, one, other]) => one.join() !== other.join())
    expect(wrong).toEqual([])
  })

  // Harbor's Chinese keeps the words Tag, Artifact, Chart and Webhook.
  test('every Chinese text is written in Chinese', () => {
    const untranslated = [...leaves(chinese)].filter(
      ([key, text]) =>
        !/\p{Script=Han}|^(Tag|Artifact|Helm Chart|Webhook)$/u.test(text) && text !== leaves(english).get(key),
    )
    expect(untranslated).toEqual([])
  })

  test('no text stands in TSX: all of it is in the catalogues', () => {
    const found = filesBelow(source)
      .filter((file) => file.endsWith('.tsx'))
      .flatMap((file) => hardCodedTexts(readFileSync(file, 'utf8')).map((text) => `${relative(source, file)}: ${text}`))
    expect(found).toEqual([])
  })

  test('that test sees a text between tags, in an attribute and in an expression', () => {
    const seen = hardCodedTexts(`<p>Hello there</p><A label="Go on" /><b>{'Stop'}</b><C title={'No'} d="M6 2" />`)
    expect(seen).toEqual(['Hello there', 'Stop', 'Go on', 'No'])
  })

  test('every key of the catalogues is used', () => {
    const code = filesBelow(source)
      .filter((file) => /\.tsx?$/.test(file) && !file.includes('/i18n/'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n')
    const unused = [...leaves(english).keys()]
      // Chosen by what the API says, by the list of pages, or there for whoever comes next.
      .filter(
        (key) =>
          !/^(errors|navigation|common)\.|\.(kinds|triggers|events|operations|resources|fields|steps|values|reasons)\./.test(
            key,
          ),
      )
      .filter((key) => !new RegExp(`['"\`.]${key.split('.').at(-1)}['"\`]|\\b${key.split('.').at(-1)}:`).test(code))
    expect(unused).toEqual([])
  })
})

interface Catalogue {
  readonly [key: string]: string | Catalogue
}

function leaves(catalogue: Catalogue, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(catalogue).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value] as const] : [...leaves(value, `${prefix}${key}.`)],
    ),
  )
}

/** Names of the arguments of an ICU message, sorted. */
function argumentsOf(text: string): string[] {
  return [
    ...new Set(
      [...text.matchAll(/(?<!(?:=\d+|zero|one|two|few|many|other) *)\{(\w+)(?=[,}])/g)].map(([, name]) => name!),
    ),
  ].toSorted()
}

const visibleAttributes = 'label|title|description|placeholder|aria-label|alt|hint|header|submitLabel|action|message'

/** Words that a person would read: between tags, or in an attribute that is shown. */
function hardCodedTexts(code: string): string[] {
  const bare = code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
  const between = [...bare.matchAll(/<[\w.]+(?:\s[^<>]*?)?>\s*(?:\{'([^'{}]+)'\}|([^<>{}]+?))\s*<\//g)].map(
    ([, quoted, plain]) => quoted ?? plain!,
  )
  const attributes = [
    ...bare.matchAll(new RegExp(`\\b(?:${visibleAttributes})=(?:"([^"]+)"|\\{'([^']+)'\\})`, 'g')),
  ].map(([, one, other]) => one ?? other!)
  return [...between, ...attributes].filter((text) => /\p{L}{2,}/u.test(text)).map((text) => text.trim())
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : filesBelow(path)
    return [path]
  })
}
