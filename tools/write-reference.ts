// Writes the generated pages: `bun tools/write-reference.ts`. A test fails when they are stale.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { composeProgram } from '../cli/src/program.ts'
import { commandLinePage } from '../cli/src/reference/command-line-page.ts'
import { english } from '../cli/src/reference/page-words.ts'
import { chinese } from '../cli/src/reference/page-words.zh-CN.ts'
import { referencePage, sampleFile } from '#server/config/reference-page.ts'
import { generatedReferences } from './docs/references.ts'

const root = dirname(import.meta.dirname)
const pages = {
  'docs/reference/configuration.md': referencePage(),
  'docs/reference/command-line.md': commandLinePage(composeProgram(), english),
  'docs/reference/zh-CN/command-line.md': commandLinePage(composeProgram(), chinese),
  'deploy/berth.example.yml': sampleFile(),
  ...Object.fromEntries(Object.entries(generatedReferences()).map(([page, text]) => [`docs/reference/${page}`, text])),
}

for (const [page, text] of Object.entries(pages)) {
  const file = join(root, page)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  console.log(page)
}
