import { readFileSync } from 'node:fs'
import { parseDocument, visit, type Document, type YAMLError } from 'yaml'
import { ConfigError } from './config-error.ts'
import type { Tree } from './setting-tree.ts'

export interface SettingsFile {
  readonly file: string
  readonly settings: Tree
  /** A sentence for each key that stands there more than once; the last of each is in `settings`. */
  readonly twice: readonly string[]
}

/** @throws ConfigError when it cannot be read or is no list of settings */
export function readSettingsFile(file: string): SettingsFile {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError([{ code: 'FILE_UNREADABLE', setting: file, message: (error as Error).message }])
  }
  // `merge` and the last of two equal keys: what Harbor's own reader of YAML does.
  const document = parseDocument(text, { prettyErrors: true, merge: true })
  const twice = document.errors.filter(({ code }) => code === 'DUPLICATE_KEY')
  const error = document.errors.find((each) => !twice.includes(each))
  if (error !== undefined) throw invalid(file, `is not valid YAML: ${firstLineOf(error)}`)
  keepAsWritten(document)
  const raw: unknown = document.toJS({ maxAliasCount: 20 })
  if (raw === null || raw === undefined) return { file, settings: {}, twice: [] }
  if (typeof raw !== 'object' || Array.isArray(raw))
    throw invalid(file, 'must be a list of settings, such as `data_folder: /srv/berth`')
  return { file, settings: dropEmpty(raw as Tree), twice: twice.map(sentenceOf) }
}

/** For a file of ours, where one of the two keys was meant for something else. */
export const twiceIn = ({ file, twice }: SettingsFile): ConfigError =>
  invalid(file, `is not valid YAML: ${twice[0] ?? 'a key stands there twice'}`)

const sentenceOf = ({ linePos }: YAMLError): string => `the key on line ${linePos?.[0].line} stands there twice`

const invalid = (file: string, message: string): ConfigError =>
  new ConfigError([{ code: 'FILE_INVALID', setting: file, message }])

/** Its first line says what and where; the rest quotes the file, which may hold passwords. */
const firstLineOf = ({ message }: YAMLError): string => message.split('\n')[0]?.replace(/:$/, '') ?? message

/**
 * A password such as `0123` or `1e5` without quotes is a number to YAML, and another text than the one that was written.
 * What would not be written the same again is kept as it stands in the file; settings that are numbers read text, too.
 */
function keepAsWritten(document: Document): void {
  visit(document, {
    Scalar(key, node) {
      const { value, source } = node
      if (key === 'key' || source === undefined || !['number', 'boolean', 'bigint'].includes(typeof value)) return
      if (String(value) !== source) node.value = source
    },
  })
}

/** A key with nothing behind it, as harbor.yml has them (`external_url:`), says nothing. */
function dropEmpty(tree: Tree): Tree {
  const entries = Object.entries(tree).flatMap(([key, value]): [string, unknown][] => {
    if (value === null || value === undefined) return []
    return [[key, typeof value === 'object' && !Array.isArray(value) ? dropEmpty(value as Tree) : value]]
  })
  return Object.fromEntries(entries)
}
