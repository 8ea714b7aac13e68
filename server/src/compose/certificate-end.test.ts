import { expect, test } from 'bun:test'
import { logCertificateEnd } from './certificate-end.ts'

const dayMs = 86_400_000
const now = 1_000 * dayMs

const ends: [string, number, 'error' | 'warn' | undefined][] = [
  ['ended yesterday is an error', -1, 'error'],
  ['ends in a week is a warning', 7, 'warn'],
  ['ends in two months is nothing to say', 60, undefined],
]

test.each(ends)('a certificate that %s', (_, days, level) => {
  const said: [string, unknown][] = []
  const say = (each: string) => (facts: unknown) => void said.push([each, facts])
  const logger = { error: say('error'), warn: say('warn') } as unknown as Parameters<
    typeof logCertificateEnd
  >[2]['logger']
  logCertificateEnd(
    { said: 'tls.pem', remedy: 'get one' },
    { expiresAt: now + days * dayMs, attentionAt: now + (days - 21) * dayMs },
    { clock: { now: () => now }, logger },
  )
  expect(said.map(([each]) => each)).toEqual(level === undefined ? [] : [level])
  if (level !== undefined) expect(said[0]![1]).toMatchObject({ certificate: 'tls.pem', days })
})
