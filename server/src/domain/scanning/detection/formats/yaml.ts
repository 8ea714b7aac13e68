import { parse } from 'yaml'
import { type FileContent, textOf } from '../file-content.ts'

/** YAML, in a thread with a deadline. Aliases that multiply are an attack on the reader: few are followed. @throws Unreadable, YAMLParseError */
export const yamlOf = (content: FileContent, maxBytes: number): unknown =>
  parse(textOf(content, maxBytes), { maxAliasCount: 100, uniqueKeys: false, prettyErrors: false, logLevel: 'error' })
