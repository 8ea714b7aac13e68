import { afterEach, expect, test } from 'bun:test'
import { sql } from 'kysely'
import type { Database } from '#server/database/database.ts'
import { listLost, resetSecrets } from '#server/domain/key-rotation/reset-secrets.ts'
import { sealExisting } from '#server/domain/key-rotation/seal-existing.ts'
import { sealedColumns } from '#server/domain/key-rotation/sealed-columns.ts'
import { readSecretsStatus } from '#server/domain/key-rotation/secrets-status.ts'
import { newOuterKey } from '#server/domain/secrets/outer-keys.ts'
import { placeIn } from '#server/domain/secrets/sealed-column.ts'
import type { Secrets } from '#server/domain/secrets/secrets.ts'
import { registrySecrets } from '#server/domain/registries/registries.ts'
import { openTargets } from '#server/domain/webhooks/sealed-targets.ts'
import { disableFaultPoints, enableFaultPoint } from '#server/runtime/fault-points.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest } from '#server-test/registry-for-test.ts'
import { runningJobForTest } from '#server-test/running-job.ts'
import { outerKeyForTest, secretsForTest } from '#server-test/secrets.ts'
import { composeRotateSecrets } from './rotate-secrets.ts'

afterEach(disableFaultPoints)

const marker = 'READABLE'
const target = {
  ...{ key: 'k1', type: 'http', address: `https://chat.example.org/${marker}`, authHeader: `Bearer ${marker}` },
  ...{ skipCertificateCheck: false, format: 'Default', template: '', signingSecret: marker },
}

/** A registry as a version before this one left it: each secret as it was given. */
async function compose(database: Database) {
  const { clock, events } = await composeRegistryForTest(database)
  const services = { database, clock, events, secrets: secretsForTest(database) }
  const times = { created_at: 1, updated_at: 1 }
  await database.write(async (tx) => {
    const { id: projectId } = await tx.selectFrom('project').select('id').executeTakeFirstOrThrow()
    for (let at = 0; at < 230; at++)
      await tx
        .insertInto('registry')
        .values({
          ...{ name: `r${at}`, type: 'harbor', url: 'https://r', description: '', insecure: 0, ca_certificate: null },
          ...{
            credential_type: 'basic',
            access_key: 'ada',
            access_secret: `${marker}${at}`,
            status: 'healthy',
            ...times,
          },
        })
        .execute()
    await tx.deleteFrom('signing_key').execute()
    await tx
      .insertInto('signing_key')
      .values({ kid: 'kid', algorithm: 'ES256', private_jwk: `{"d":"${marker}"}`, created_at: 1, retired_at: null })
      .execute()
    await tx
      .insertInto('setting')
      .values([
        { name: 'oidc_client_secret', value: JSON.stringify(marker), updated_at: 1 },
        { name: 'banner_message', value: '"open to all"', updated_at: 1 },
      ])
      .execute()
    await tx
      .insertInto('scanner')
      .values({
        ...{ id: 'uuid', name: 'scanner', url: 'https://s', description: '', auth: 'Bearer', credential: marker },
        ...{ skip_certificate_check: 0, use_internal_address: 0, disabled: 0, is_default: 0, is_built_in: 0, ...times },
      })
      .execute()
    await tx
      .insertInto('webhook_policy')
      .values({
        ...{ project_id: projectId, name: 'hook', description: '', creator: '', enabled: 1, event_types: '[]' },
        ...{ targets: JSON.stringify([target]), ...times },
      })
      .execute()
    await tx
      .insertInto('audit_key')
      .values({ fingerprint: 'print', public_key: 'PEM', private_key: marker, created_at: 1 })
      .execute()
    const user = await tx
      .insertInto('user_account')
      .values({
        ...{ username: 'eve', email: null, real_name: '', comment: '', password_hash: null, admin: 0, disabled: 0 },
        ...{ credentials_changed_at: 1, external_id: 'iss sub', source: 'oidc', ...times },
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const session = { issuer: 'iss', refresh_token: marker, valid_until: 1, cli_secret_hash: null }
    await tx
      .insertInto('oidc_session')
      .values({ user_id: user.id, ...session })
      .execute()
    const pending = { id_hash: 'hash', kind: 'oidc-login', content: JSON.stringify({ marker }), expires_at: 9e15 }
    await tx.insertInto('pending_sign_in').values(pending).execute()
  })
  const stored = async () => {
    const texts: string[] = []
    for (const { table, column } of sealedColumns) {
      const { rows } = await sql<{
        value: string
      }>`select ${sql.ref(column)} as value from ${sql.table(table)}`.execute(database.read)
      texts.push(...rows.map(({ value }) => value))
    }
    return texts.join('\n')
  }
  const keyIds = async () =>
    (await database.read.selectFrom('secret_key').select('id').orderBy('id').execute()).map(({ id }) => id)
  const told = async (type: string) =>
    (await database.read.selectFrom('event').select('payload').where('type', '=', type).execute()).map(
      ({ payload }) => JSON.parse(payload) as Record<string, unknown>,
    )
  const registry = await database.read.selectFrom('registry').select('id').orderBy('id').executeTakeFirstOrThrow()
  /** What nouns read of some of them. */
  const read = async (secrets: Secrets) => {
    const { access_secret: sealed } = await database.read
      .selectFrom('registry')
      .select('access_secret')
      .where('id', '=', registry.id)
      .executeTakeFirstOrThrow()
    const policy = await database.read.selectFrom('webhook_policy').select(['id', 'targets']).executeTakeFirstOrThrow()
    const [hook] = await openTargets(secrets, database.read, policy)
    return [await secrets.open(database.read, placeIn(registrySecrets, registry.id), sealed), hook?.address]
  }
  return { ...services, stored, keyIds, told, read }
}

/** 230 registries, a key, a setting, a scanner, three parts of a webhook, a refresh token, a sign-in, a key of the audit log. */
const total = 230 + 9

describeEachDatabase('secrets of a registry', (open) => {
  test('all that an older version stored readable is sealed, once, and the rest stays as it was', async () => {
    const it = await compose(await open())
    expect(await it.stored()).toContain(marker)
    expect(await sealExisting(it)).toBe(total)
    const sealed = await it.stored()
    expect(sealed).not.toContain(marker)
    expect(sealed).toContain('open to all')
    expect(await it.read(it.secrets)).toEqual([`${marker}0`, target.address])
    expect(await sealExisting(it)).toBe(0)
    expect(await it.stored()).toBe(sealed)
    expect(await it.told('seal_secrets')).toEqual([{ secrets: total }])
  })

  test('a rotation that is cut off goes on with its key, and the old one goes when nothing needs it', async () => {
    const it = await compose(await open())
    await sealExisting(it)
    const [before] = await it.keyIds()
    const rotate = composeRotateSecrets(it)
    enableFaultPoint('rotation-after-step', () => {
      throw new Error('killed')
    })
    const first = runningJobForTest(it.database, {})
    await expect(rotate.run(first)).rejects.toThrow('killed')
    disableFaultPoints()
    const meanwhile = await readSecretsStatus(it.database.read, secretsForTest(it.database))
    expect(meanwhile.keys).toHaveLength(2)
    expect(meanwhile.places.map(({ unreadable }) => unreadable)).toEqual(sealedColumns.map(() => 0))
    // Another process, which knows neither key yet.
    const other = { ...it, secrets: secretsForTest(it.database) }
    const result = await composeRotateSecrets(other).run(
      runningJobForTest(it.database, {}, { state: first.remembered.at(-1)! }),
    )
    expect(result).toMatchObject({ sealed: total, unreadable: 0, forgotten: [before] })
    expect(await it.keyIds()).toEqual([(result as { key: string }).key])
    expect(await it.read(it.secrets)).toEqual([`${marker}0`, target.address])
    expect(await it.told('rotate_secrets')).toMatchObject([{ secrets: total, forgotten: [before] }])
  })

  test('secrets that are stored while a rotation runs are read after it', async () => {
    const it = await compose(await open())
    await sealExisting(it)
    const writer = secretsForTest(it.database)
    const ids = (await it.database.read.selectFrom('registry').select('id').execute()).map(({ id }) => id)
    let stop = false
    const writes = (async () => {
      let count = 0
      while (!stop) {
        const id = ids[count++ % ids.length]!
        await it.database.write(async (tx) => {
          const sealed = await writer.seal(tx, placeIn(registrySecrets, id), `new ${id}`)
          await tx.updateTable('registry').set({ access_secret: sealed }).where('id', '=', id).execute()
        })
      }
      return Math.min(count, ids.length)
    })()
    for (let round = 0; round < 3; round++) await composeRotateSecrets(it).run(runningJobForTest(it.database, {}))
    stop = true
    expect(await writes).toBeGreaterThan(0)
    const { places, keys } = await readSecretsStatus(it.database.read, secretsForTest(it.database))
    expect(places.map(({ unreadable, plain }) => unreadable + plain)).toEqual(sealedColumns.map(() => 0))
    expect(keys.filter(({ retiredAt }) => retiredAt === undefined)).toHaveLength(1)
  })

  test('a secret that was changed beside the program is counted and left, and keeps no key', async () => {
    const it = await compose(await open())
    await sealExisting(it)
    await it.database.write((tx) =>
      tx
        .updateTable('scanner')
        .set({ credential: `sealed.v1.${'0'.repeat(16)}.${'A'.repeat(60)}` })
        .where('id', '=', 'uuid')
        .execute(),
    )
    expect(await composeRotateSecrets(it).run(runningJobForTest(it.database, {}))).toMatchObject({
      ...{ sealed: total - 1, unreadable: 1 },
    })
    expect(await it.keyIds()).toHaveLength(1)
  })

  test('a new outer key takes the old one’s place with a rotation', async () => {
    const it = await compose(await open())
    await sealExisting(it)
    const next = newOuterKey()
    const both = { ...it, secrets: secretsForTest(it.database, `${next}\n${outerKeyForTest}`) }
    expect((await readSecretsStatus(it.database.read, both.secrets)).outerKeys.map(({ needed }) => needed)).toEqual([
      false,
      true,
    ])
    await composeRotateSecrets(both).run(runningJobForTest(it.database, {}))
    expect((await readSecretsStatus(it.database.read, both.secrets)).outerKeys.map(({ needed }) => needed)).toEqual([
      true,
      false,
    ])
    expect(await it.read(secretsForTest(it.database, next))).toEqual([`${marker}0`, target.address])
  })

  test('a reset gives up what no key opens and nothing else', async () => {
    const it = await compose(await open())
    await sealExisting(it)
    expect(await listLost(it.database.read, it.secrets)).toEqual([])
    expect(await resetSecrets(it, { kind: 'system', name: 'test' })).toEqual([])
    expect(await it.read(it.secrets)).toEqual([`${marker}0`, target.address])
    const secrets = secretsForTest(it.database, newOuterKey())
    const lost = await resetSecrets({ ...it, secrets }, { kind: 'system', name: 'test' })
    expect(lost.reduce((sum, each) => sum + each.secrets, 0)).toBe(total)
    expect(await it.read(secrets)).toEqual(['', 'https://given-up.invalid/'])
    const rows = async (table: 'signing_key' | 'pending_sign_in' | 'setting') =>
      await it.database.read.selectFrom(table).selectAll().execute()
    expect([await rows('signing_key'), await rows('pending_sign_in')]).toEqual([[], []])
    expect(await rows('setting')).toMatchObject([{ name: 'banner_message' }])
    const { places } = await readSecretsStatus(it.database.read, secrets)
    expect(places.map(({ unreadable, plain }) => unreadable + plain)).toEqual(sealedColumns.map(() => 0))
    expect(await it.told('reset_secrets')).toHaveLength(2)
  })
})
