import { expect, test } from 'bun:test'
import { sql } from 'kysely'
import type { Database } from '#server/database/database.ts'
import { composeChainForTest } from '#server-test/audit-chain.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { system, TestClock } from '#server-test/registry-for-test.ts'
import { Events } from '../../events/events.ts'
import { expireRecords } from '../purge.ts'
import type { HashAlgorithm } from './hashes.ts'
import { exportChain } from './export-chain.ts'
import { parseLine, writeLine } from './export-lines.ts'
import { AuditKey } from './statements.ts'
import { ChainVerifier, type ChainPiece } from './verify-chain.ts'

const dayMs = 86_400_000

function compose(database: Database, algorithm: HashAlgorithm = 'sha256') {
  const clock = new TestClock()
  const events = new Events({ clock })
  const chain = composeChainForTest({ database, clock, events }, algorithm)
  return {
    ...{ database, clock, events, chain },
    happen: async (...names: string[]) =>
      await database.write(async (tx) => {
        for (const username of names) await events.record(tx, system, { type: 'delete_user', userId: 1, username })
      }),
    /** What only somebody with the database can do. */
    tamper: async (statement: string) => void (await database.write((tx) => sql.raw(statement).execute(tx))),
    found: async (options = {}) =>
      (await chain.verify(options)).findings.map(({ code, sequence, through }) =>
        through === undefined ? `${code} ${sequence}` : `${code} ${sequence}-${through}`,
      ),
  }
}

/** Ten records: a checkpoint at 5 and its own record at 6, then four more. */
async function composeTen(database: Database) {
  const site = compose(database)
  // The chain begins before anything that is late could be taken for old.
  await site.chain.seal()
  await site.happen('a', 'b', 'c', 'd', 'e')
  const kept = await site.chain.makeCheckpoint(system)
  await site.happen('g', 'h', 'i', 'j')
  expect(await site.found()).toEqual([])
  return { ...site, kept }
}

describeEachDatabase('the chain of the audit log', (open) => {
  test('has every record once, in the order of commits, with none that is not committed', async () => {
    const { chain, happen, events, database } = compose(await open())
    await happen('a', 'b')
    expect([await chain.hasUnsealed(), await chain.seal(), await chain.hasUnsealed()]).toEqual([true, 2, false])
    const lost = database.write(async (tx) => {
      await events.record(tx, system, { type: 'delete_user', userId: 1, username: 'x' })
      throw new Error('no')
    })
    await lost.catch(() => {})
    await happen(...Array.from({ length: 1_200 }, (_, index) => `u${index}`))
    expect(await chain.seal()).toBe(1_200)
    expect(await chain.verify()).toMatchObject({ records: 1_202, from: 1, through: 1_202, unsealed: 0, findings: [] })
    expect((await chain.getStanding()).verification).toMatchObject({ records: 1_202 })
  })

  test('is one chain, whoever of several seals it while others write', async () => {
    const database = await open()
    const site = compose(database)
    const other = composeChainForTest(site)
    const write = async (name: string) => {
      for (let index = 0; index < 20; index += 1) await site.happen(`${name}${index}`)
    }
    await Promise.all([write('a'), write('b'), site.chain.seal(), other.seal(), site.chain.seal(), other.seal()])
    expect(await site.chain.verify()).toMatchObject({ records: 40, through: 40, findings: [] })
  })

  test('names what is not sealed yet', async () => {
    const { chain, happen, clock } = compose(await open())
    await happen('a')
    expect(await chain.getStanding()).toMatchObject({ unsealed: 1, oldestUnsealed: clock.now(), head: undefined })
  })

  test.each([
    ['a text that was changed', `update event set resource = 'z' where sequence = 3`, ['record-changed 3']],
    [
      'a time that was changed',
      `update event set occurred_at = occurred_at - 1 where sequence = 8`,
      ['record-changed 8'],
    ],
    ['a failure that became a success', `update event set succeeded = 0 where sequence = 1`, ['record-changed 1']],
    ['a record that was taken away', `delete from event where sequence = 4`, ['record-removed 4']],
    [
      'a record with its link',
      `delete from event where sequence = 4; delete from audit_link where sequence = 4`,
      ['links-missing 4'],
    ],
    [
      'two records that changed places',
      `update event set sequence = -1 where sequence = 2; update event set sequence = 2 where sequence = 3; update event set sequence = 3 where sequence = -1`,
      ['record-changed 2', 'record-changed 3'],
    ],
    [
      'a record that was put in',
      `insert into event (type, occurred_at, actor, resource, payload, sequence) values ('delete_user', 1, 'user:1', 'x', '{}', 99)`,
      ['record-inserted 99'],
    ],
    [
      'the tail cut off',
      `delete from event where sequence > 8; delete from audit_link where sequence > 8`,
      ['tail-cut 9-10'],
    ],
    [
      'the tail cut off, and the head made to fit',
      `delete from event where sequence > 8; delete from audit_link where sequence > 8; update audit_chain set sequence = 8`,
      ['tail-cut 9-10'],
    ],
    [
      'a head that was written over',
      `update audit_chain set document = replace(document, ':10,', ':8,')`,
      ['head-invalid 0'],
    ],
    [
      'a purge that nobody signed',
      `delete from event where sequence = 4; update audit_link set purge = 1 where sequence = 4`,
      ['purge-invalid 4'],
    ],
    [
      'a checkpoint that was written over',
      `update audit_checkpoint set document = replace(document, ':5,', ':4,')`,
      ['checkpoint-invalid 0', 'checkpoint-missing 0'],
    ],
    ['a checkpoint that was taken away', `delete from audit_checkpoint`, ['checkpoint-missing 0']],
    [
      'the front cut off',
      `delete from event where sequence < 3; delete from audit_link where sequence < 3`,
      ['links-missing 1-2'],
    ],
  ])('shows %s, and where', async (_, statement, findings) => {
    const site = await composeTen(await open())
    for (const each of statement.split('; ')) await site.tamper(each)
    expect(await site.found()).toEqual(findings)
  })

  test('shows a record that was changed with all hashes behind it, by what was signed', async () => {
    const site = await composeTen(await open())
    // Whoever does this has the database and the program, and not the key.
    await site.tamper(`update event set resource = 'z' where sequence = 3`)
    await site.tamper(`delete from audit_link where sequence > 2`)
    const [{ hash } = { hash: '' }] = await site.database.read
      .selectFrom('audit_link')
      .select('hash')
      .where('sequence', '=', 2)
      .execute()
    await site.tamper(`update audit_chain set sequence = 2, hash = '${hash}'`)
    await site.tamper(`update event set sequence = null where sequence > 2`)
    // The seal goes on as if nothing had happened, and signs a head of its own.
    await site.chain.seal()
    expect(await site.found()).toEqual(['checkpoint-contradicted 5'])
  })

  test('shows an older checkpoint in the place of a newer one, and one made again with another key', async () => {
    const site = await composeTen(await open())
    await site.chain.makeCheckpoint(system)
    const [first] = await site.database.read.selectFrom('audit_checkpoint').selectAll().orderBy('number').execute()
    await site.tamper(
      `update audit_checkpoint set document = '${first!.document}', signature = '${first!.signature}' where number = 2`,
    )
    expect(await site.found()).toEqual(['checkpoint-missing 5', 'checkpoint-missing 5'])
    const { key } = AuditKey.make()
    const other = key.sign({ ...site.kept.statement, key: key.fingerprint })
    await site.tamper(
      `update audit_checkpoint set document = '${other.document}', signature = '${other.signature}' where number = 1`,
    )
    expect(await site.found()).toContain('checkpoint-invalid 0')
  })

  test('that was set back as a whole is shown by a checkpoint that somebody kept', async () => {
    const site = await composeTen(await open())
    expect(await site.found({ kept: [site.kept] })).toEqual([])
    const before = await site.database.read
      .selectFrom('audit_chain')
      .select(['document', 'signature'])
      .executeTakeFirstOrThrow()
    await site.happen('k')
    const later = await site.chain.makeCheckpoint(system)
    await site.tamper(`delete from event where sequence > 10 or sequence is null`)
    await site.tamper(`delete from audit_link where sequence > 10`)
    await site.tamper(`delete from audit_checkpoint where number = 2`)
    await site.tamper(
      `update audit_chain set document = '${before.document}', signature = '${before.signature}', sequence = 10, checkpoints = 1, hash = (select hash from audit_link where sequence = 10)`,
    )
    // By itself it is a chain without a fault, of an hour ago.
    expect(await site.found()).toEqual([])
    expect(await site.found({ kept: [later] })).toEqual(['tail-cut 11'])
  })

  test('that somebody signed anew is shown to who knows the key', async () => {
    const site = await composeTen(await open())
    const { key: fingerprint } = site.kept.statement
    expect(await site.found({ fingerprints: [fingerprint] })).toEqual([])
    expect(await site.found({ fingerprints: ['0'.repeat(64)] })).toContain('key-unknown 0')
  })

  test('stays whole through purges, and begins behind what went from its front', async () => {
    const site = compose(await open())
    await site.chain.seal()
    await site.happen('a', 'b', 'c')
    site.clock.advance(2 * dayMs)
    await site.happen('d', 'e')
    expect(await expireRecords(site.database, site.chain, site.clock.now() - dayMs)).toBe(3)
    expect(await site.chain.verify()).toMatchObject({ records: 2, purged: 3, from: 1, through: 5, findings: [] })
    expect(await site.chain.trim()).toBe(3)
    await site.chain.makeCheckpoint(system)
    await site.happen('f')
    expect(await site.chain.verify()).toMatchObject({ records: 4, purged: 0, from: 4, through: 7, findings: [] })
    // What was purged does not come back, and nothing more goes in its shadow.
    await site.tamper(`update audit_link set purge = 1 where sequence = 4`)
    expect(await site.found()).toEqual(['purge-invalid 4', 'record-inserted 4'])
  })

  test('is the same chain as an export, after a purge too, and no export goes on over one', async () => {
    const site = await composeTen(await open())
    site.clock.advance(2 * dayMs)
    await site.happen('k')
    expect(await expireRecords(site.database, site.chain, site.clock.now() - dayMs)).toBe(10)
    const verifier = new ChainVerifier({ kept: [site.kept] })
    for await (const piece of exportChain(site.database)) verifier.add(parseLine(writeLine(piece)) as ChainPiece)
    expect(verifier.end()).toMatchObject({ records: 1, purged: 10, through: 11, findings: [] })
    const pieces = exportChain(site.database)
    await pieces.next()
    await site.chain.trim()
    const rest = (async () => {
      for await (const piece of pieces) expect(piece).toBeDefined()
    })()
    expect(await rest.catch((error: Error) => error.name)).toBe('ChainMoved')
  })

  test('names records that came long after they say that they happened', async () => {
    const site = compose(await open())
    await site.happen('old')
    await site.chain.seal()
    await site.tamper(
      `insert into event (type, occurred_at, actor, resource, payload) values ('delete_user', 1, 'user:1', 'x', '{}')`,
    )
    expect(await site.chain.verify()).toMatchObject({ late: 1, firstLate: 2, findings: [] })
  })

  test('goes on with SM3 where it is asked to, and the older part is read as it was', async () => {
    const database = await open()
    const first = compose(database)
    await first.happen('a')
    await first.chain.seal()
    const second = compose(database, 'sm3')
    await second.happen('b', 'c')
    expect(await second.chain.verify()).toMatchObject({
      records: 3,
      findings: [],
      hash: expect.stringMatching(/^sm3:/),
    })
    await second.tamper(`update event set resource = 'z' where sequence = 3`)
    expect(await second.found()).toEqual(['record-changed 3'])
  })
})
