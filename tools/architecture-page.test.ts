import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { nouns, root } from './sources.ts'

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
})
