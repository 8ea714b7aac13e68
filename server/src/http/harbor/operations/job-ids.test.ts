import { expect, test } from 'bun:test'
import { formatJobId, parseJobId } from './job-ids.ts'

test("an id has Harbor's form, and is read back from it and from a number", () => {
  for (const id of [1, 42, 88_888_888, Number.MAX_SAFE_INTEGER]) {
    expect(formatJobId(id)).toMatch(/^[0-9a-f]{24}$/)
    expect([parseJobId(formatJobId(id)), parseJobId(String(id))]).toEqual([id, id])
  }
})

test.each(['966a49aa2278b67d743f8aca', 'f'.repeat(24), '0', '-1', '', 'abc', '0'.repeat(24), '99999999999999999999'])(
  '%p is no id of a job here',
  (text) => expect(parseJobId(text)).toBeUndefined(),
)
