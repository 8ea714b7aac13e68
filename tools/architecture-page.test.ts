import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { stepNames } from '#server/domain/garbage-collection/collect.ts'
import { nouns, production, root, sources, withoutComments } from './sources.ts'

const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
const prose = page.replace(/```[\s\S]*?```/g, '')

/** Spans with a slash that are no paths of the project, and what they are. */
const otherThings: Readonly<Record<string, string>> = {
  'quarantine/': 'a place in the blob store',
}

/** `contract/src`, `oci/`, `domain/jobs`; neither `/v2` nor `GET /v2/` nor `docker push a/b:c`. */
const looksLikePath = (span: string): boolean =>
  /^[\w.@-]+(?:\/[\w.@*-]+)*\/?$/.test(span) && (span.includes('/') || existsSync(join(root, span)))

interface NamedPath {
  readonly span: string
  /** Folders that it may lie in: the project, the server, and what stands before it in its line. */
  readonly places: readonly string[]
}

function namedPaths(): NamedPath[] {
  return prose.split('\n').flatMap((line) => {
    const places = ['', 'server/src']
    return [...line.matchAll(/`([^`]+)`/g)].flatMap(([, span = '']) => {
      if (!looksLikePath(span)) return []
      const named = { span, places: [...places] }
      const found = placeOf(named)
      if (found !== undefined) places.push(found, dirname(found))
      return [named]
    })
  })
}

const placeOf = ({ span, places }: NamedPath): string | undefined =>
  places.map((place) => join(place, span)).find((path) => existsSync(join(root, path)))

describe('ARCHITECTURE.md', () => {
  test('names only paths that exist', () => {
    const paths = namedPaths()
    expect(paths.length).toBeGreaterThan(40)
    const missing = paths.filter((named) => placeOf(named) === undefined).map(({ span }) => span)
    expect(missing.filter((span) => !Object.hasOwn(otherThings, span))).toEqual([])
    expect(Object.keys(otherThings).filter((span) => !missing.includes(span))).toEqual([])
  })

  test('names only files, functions, classes, tables and columns that exist', () => {
    const spans = [...new Set([...prose.matchAll(/`([^`]+)`/g)].map(([, span]) => span!))]
    const files = spans.filter((span) => /^[\w-]+(\.test)?\.ts$/.test(span))
    const names = spans.filter((span) => /^[A-Za-z]\w*(\.\w+)*$/.test(span) && /[a-z][A-Z]|_|^[A-Z][a-z]/.test(span))
    expect(files.length).toBeGreaterThan(10)
    expect(names.length).toBeGreaterThan(50)
    const knownFiles = new Set(sources.map(({ path }) => basename(path)))
    const words = new Set(production.flatMap(({ text }) => withoutComments(text).match(/\w+/g) ?? []))
    expect(files.filter((file) => !knownFiles.has(file))).toEqual([])
    expect(names.filter((name) => !name.split('.').every((part) => words.has(part)))).toEqual([])
  })

  test('numbers the steps of garbage collection as they run', () => {
    const [, section = ''] = /\n## Garbage collection\n([\s\S]*?)\n## /.exec(page) ?? []
    const numbered = [...section.matchAll(/^(\d+)\. `(\w+)`/gm)].map(([, number, name]) => `${number} ${name}`)
    expect(numbered).toEqual(stepNames.map((name, index) => `${index + 1} ${name}`))
  })

  test('draws the nouns of the domain in the order that their imports keep to', () => {
    const drawn = /server\/src\/domain([\s\S]*?)├/.exec(page)?.[1] ?? ''
    const names = drawn
      .replace(/[│\n]/g, ' ')
      .split('←')
      .map((name) => name.trim())
    expect(names).toEqual([...nouns])
  })

  test('has a row for every folder of the server', () => {
    const rows = [...prose.matchAll(/^\| `(server\/src\/[\w-]+)`/gm)].map(([, folder]) => folder!)
    const folders = readdirSync(join(root, 'server/src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    )
    expect(rows.toSorted()).toEqual(folders.map(({ name }) => `server/src/${name}`).toSorted())
  })

  test('says of every folder of the HTTP edge what is there', () => {
    const row = /^\| `server\/src\/http` .*$/m.exec(prose)?.[0] ?? ''
    const folders = ['server/src/http', 'server/src/http/harbor'].flatMap((folder) =>
      readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isDirectory()),
    )
    expect(folders.map(({ name }) => name).filter((name) => !row.includes(`\`${name}/\``))).toEqual([])
  })
})
