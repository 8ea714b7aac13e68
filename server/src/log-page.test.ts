import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'
import { requestLine } from './http/request-log.ts'
import type { Exchange } from './http/router.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/reference/log.md'), 'utf8')
const [ofRequests = '', ofOthers = ''] = page.split('## Other lines')

/** The first cells of a table, without their quotes. */
const firstCells = (text: string): string[] => [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell!)

test('the page of the log has every field that the line of a request can have, in their order', () => {
  const whole: Exchange = {
    ...{ method: 'GET', agent: 'docker', bytesAnnounced: 9, kind: 'blob-get' },
    ...{ route: 'oci', path: '/v2/a/b/blobs/x', operation: 'blob-get', clientAddress: '192.0.2.1', requestId: 'id' },
    ...{ actor: { kind: 'anonymous' }, status: 503, answeredMs: 1, durationMs: 2, bytesIn: 3, aborted: true },
    bytesOut: undefined,
    place: { project: 'a', repository: 'a/b' },
    failure: { code: 'UNAVAILABLE', message: 'away' },
  }
  const fields = Object.keys(JSON.parse(requestLine(whole, 'error')) as object)
  const counted = Object.keys(JSON.parse(requestLine({ ...whole, bytesOut: 4 }, 'error')) as object)
  expect(firstCells(ofRequests).filter((field) => field !== 'bytesOut')).toEqual(
    fields.filter((field) => !['level', 'time', 'message'].includes(field)),
  )
  expect(counted).toContain('bytesOut')
})

function sourcesOf(): (readonly [file: string, source: string])[] {
  return ['server/src', 'cli/src'].flatMap((folder) =>
    [...new Glob('**/*.ts').scanSync({ cwd: join(root, folder) })]
      .filter((file) => !file.endsWith('.test.ts'))
      .map((file) => [file, readFileSync(join(root, folder, file), 'utf8')] as const),
  )
}

/** Messages of the log that the sources write as text. */
function messagesInSources(): string[] {
  const messages: string[] = []
  for (const [, source] of sourcesOf()) {
    // What a message begins with stands before its first placeholder.
    for (const [, call] of source.matchAll(
      /logger\??(?:\.(?:debug|info|warn|error|fatal)|\[[^\]]+\])\(([\s\S]*?)\)\s*(?:[,;}\n]|$)/g,
    ))
      for (const [, text] of call!.matchAll(/(?<!\w: )(?<=^|[\s,?:])['`]([^'`$]{4,})/g)) messages.push(text!)
  }
  return messages
}

test('the page of the log has every message that the program writes, and no other', () => {
  const described = firstCells(ofOthers)
  const written = messagesInSources().filter((text) => !text.startsWith('TEST:'))
  expect(written.length).toBeGreaterThan(20)
  const isDescribed = (text: string) => described.some((start) => text.startsWith(start) || start.startsWith(text))
  expect(written.filter((text) => !isDescribed(text))).toEqual([])
  const sources = sourcesOf()
    .map(([, source]) => source)
    .join('\n')
  expect(described.filter((start) => !new RegExp(`['\`"]${start}`).test(sources))).toEqual([])
})
