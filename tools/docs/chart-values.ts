import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMap, isPair, isScalar, parseDocument, type Pair, type YAMLMap } from 'yaml'
import { chartTextsInChinese } from './chart-texts.zh-CN.ts'

const file = join(import.meta.dirname, '..', '..', 'deploy', 'helm', 'berth', 'values.yaml')

export interface ChartValue {
  /** `database.postgresql.urlKey` */
  readonly path: string
  readonly default: string
  readonly meaning: { readonly en: string; readonly 'zh-CN': string | undefined }
}

/** Every value of the chart, with what the file says above it. */
export function chartValues(): readonly ChartValue[] {
  const { contents } = parseDocument(readFileSync(file, 'utf8'))
  if (!isMap(contents)) throw new Error(`${file} is no map`)
  return valuesOf(contents, '')
}

function valuesOf(map: YAMLMap, above: string): ChartValue[] {
  // The comment of the first key stands with the map itself.
  const first = map.commentBefore
  return map.items.flatMap((pair, index) => {
    const path = above + keyOf(pair)
    const text = [index === 0 && above !== '' ? first : undefined, commentOf(pair)].filter(Boolean).join(' ')
    const value = pair.value
    const meaning = { en: textOf(text), 'zh-CN': chartTextsInChinese[path] }
    if (isMap(value) && value.items.length > 0) {
      // A group with a text of its own is one value: limits, security, probes.
      return meaning.en === '' ? valuesOf(value, `${path}.`) : [{ path, default: shown(value), meaning }]
    }
    return [{ path, default: shown(value), meaning }]
  })
}

const keyOf = (pair: Pair): string => String(isScalar(pair.key) ? pair.key.value : pair.key)

const commentOf = (pair: Pair): string | undefined =>
  (isPair(pair) && isScalar(pair.key) ? pair.key.commentBefore : undefined) ?? undefined

/** Without the lines that show an example of the value before. */
const textOf = (comment: string): string =>
  comment
    .split('\n')
    .filter((line) => !/^\s*-\s|^\s{2,}/.test(line))
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim()

const shown = (value: unknown): string => {
  const plain: unknown =
    value !== null && typeof value === 'object' && 'toJSON' in value ? (value as { toJSON(): unknown }).toJSON() : value
  return JSON.stringify(plain ?? null)
}
