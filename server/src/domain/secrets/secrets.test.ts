import { describe, expect, test } from 'bun:test'
import { createSecretKey, randomBytes } from 'node:crypto'
import { describeEachDatabase } from '#server-test/databases.ts'
import { outerKeyForTest, secretsForTest } from '#server-test/secrets.ts'
import { EnvelopeRefused, keyIdOf, openText, sealText } from './envelope.ts'
import { newOuterKey, OuterKeyMalformed, parseOuterKeys } from './outer-keys.ts'

const place = { table: 'registry', column: 'access_secret', row: '5' }
const key = () => ({ id: randomBytes(8).toString('hex'), key: createSecretKey(randomBytes(32)) })

describe('a sealed text', () => {
  test('opens as it was, and never looks the same twice', () => {
    const one = key()
    for (const text of ['', 'a', 'pässwörd 密码', 'sealed.v1.0000000000000000.AAAA', 'x'.repeat(70_000)]) {
      const sealed = sealText(one, place, text)
      expect(openText(one, place, sealed).toString()).toBe(text)
      expect(keyIdOf(sealed)).toBe(one.id)
      expect(sealText(one, place, text)).not.toBe(sealed)
      if (text.length > 1) expect(sealed).not.toContain(text)
    }
  })

  test('is of no use in another table, column or row, and with another key', () => {
    const one = key()
    const sealed = sealText(one, place, 'secret')
    for (const other of [
      { ...place, table: 'scanner' },
      { ...place, column: 'access_key' },
      { ...place, row: '6' },
      { table: 'registry","access_secret', column: '', row: '5' },
    ])
      expect(() => openText(one, other, sealed)).toThrow(EnvelopeRefused)
    expect(() => openText(key(), place, sealed)).toThrow(EnvelopeRefused)
    expect(() => openText({ ...key(), id: one.id }, place, sealed)).toThrow(EnvelopeRefused)
  })

  test('is refused when any part of it was changed, cut off or lengthened', () => {
    const one = key()
    const sealed = sealText(one, place, 'secret')
    const bytes = Buffer.from(sealed.slice(27), 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1
      expect(() => openText(one, place, `${sealed.slice(0, 27)}${changed.toString('base64url')}`)).toThrow(
        EnvelopeRefused,
      )
    }
    for (const wrong of [sealed.slice(0, -1), `${sealed}AAAA`, sealed.slice(0, 40), 'secret', `${sealed}\n`])
      expect(() => openText(one, place, wrong)).toThrow(EnvelopeRefused)
  })
})

describe('outer keys', () => {
  test('are read in base64 and hexadecimal, one a line, with comments, the first one first', () => {
    const [a, b] = [newOuterKey(), newOuterKey()]
    const hex = Buffer.from(a, 'base64').toString('hex')
    const ids = (text: string) => parseOuterKeys(text).map(({ id }) => id)
    const [one, two] = [ids(a)[0]!, ids(b)[0]!]
    expect(ids(`# kept since 2026\n\n${a}\r\n${b}\n`)).toEqual([one, two])
    expect(ids(`${b},${hex}`)).toEqual([two, one])
    expect(ids(a.replaceAll('+', '-').replaceAll('/', '_').replace('=', ''))).toEqual([one])
  })

  test('what is none is refused without being repeated', () => {
    for (const text of ['', '\n# only words\n', 'hunter2', newOuterKey().slice(1), `${newOuterKey()}x`, 'a'.repeat(44)])
      expect(() => parseOuterKeys(text)).toThrow(OuterKeyMalformed)
    expect(() => parseOuterKeys('hunter2')).toThrow(expect.not.stringContaining('hunter2') as never)
  })
})

describeEachDatabase('secrets', (open) => {
  test('processes with the same outer key read each other; one with another reads nothing and says which it lacks', async () => {
    const database = await open()
    const [one, two] = [secretsForTest(database), secretsForTest(database)]
    const stranger = secretsForTest(database, newOuterKey())
    const sealed = await database.write(async (tx) => one.seal(tx, place, 'secret'))
    expect(await two.open(database.read, place, sealed)).toBe('secret')
    const [{ id = '' } = {}] = parseOuterKeys(outerKeyForTest)
    expect(stranger.open(database.read, place, sealed)).rejects.toThrow(id)
    expect(database.write(async (tx) => stranger.seal(tx, place, 'other'))).rejects.toThrow(id)
    const rows = await database.read.selectFrom('secret_key').selectAll().execute()
    expect(rows).toHaveLength(1)
  })

  test('two processes that begin together make one key', async () => {
    const database = await open()
    const both = [secretsForTest(database), secretsForTest(database)]
    await Promise.all(both.map((each) => database.write(async (tx) => each.ensureDataKey(tx))))
    expect(await database.read.selectFrom('secret_key').select('id').execute()).toHaveLength(1)
  })

  test('what is not sealed, or is another row’s, is refused and counted', async () => {
    const database = await open()
    const secrets = secretsForTest(database)
    const sealed = await database.write(async (tx) => secrets.seal(tx, place, 'secret'))
    const refusal = { code: 'SECRET_UNREADABLE' }
    expect(secrets.open(database.read, place, 'secret')).rejects.toMatchObject(refusal)
    expect(secrets.open(database.read, { ...place, row: '6' }, sealed)).rejects.toMatchObject(refusal)
    const foreign = sealed.replace(keyIdOf(sealed)!, '0'.repeat(16))
    expect(secrets.open(database.read, place, foreign)).rejects.toMatchObject(refusal)
    expect(await secrets.open(database.read, place, '')).toBe('')
  })
})
