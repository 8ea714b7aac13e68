import { parse } from 'smol-toml'
import { type FileContent, textOf } from '../file-content.ts'

/** @throws Unreadable, TomlError */
export const tomlOf = (content: FileContent, maxBytes: number): unknown =>
  parse(textOf(content, maxBytes), { maxDepth: 64 })
