import { expect, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import { ManualClock, system } from '../../../test/access.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import { secretsForTest } from '../../../test/secrets.ts'
import type { Database } from '../../database/database.ts'
import { Events } from '../events/events.ts'
import { CertificateAuthority } from './certificate-authority.ts'
import { ServedCertificates, type CertificatePlan, type ServedCertificatesOptions } from './served-certificates.ts'
import { makeIssuer, makeRoot } from './x509.ts'

const dayMs = 24 * 60 * 60_000
const standard: CertificatePlan = {
  source: 'authority',
  names: ['reg.example.com', '192.0.2.10'],
  keyType: 'ecdsa',
  lifetimeMs: 30 * dayMs,
}

/** Called twice for one database: two processes. */
function composeProcess(
  database: Database,
  clock: ManualClock,
  { plan = {}, ...rest }: Partial<Omit<ServedCertificatesOptions, 'plan'>> & { plan?: Partial<CertificatePlan> } = {},
) {
  const events = new Events({ clock })
  const secrets = secretsForTest(database)
  const authority = new CertificateAuthority({ database, clock, events, secrets })
  const served = new ServedCertificates({
    ...{ database, clock, events, secrets, authority, chance: () => 0.5, ...rest },
    plan: { ...standard, ...plan },
  })
  return { authority, served }
}

const eventsOf = async (database: Database) =>
  (await database.read.selectFrom('event').select(['type', 'succeeded']).orderBy('id').execute()).map(
    ({ type, succeeded }) => `${type} ${succeeded}`,
  )

describeEachDatabase('the certificate that all processes serve', (open) => {
  test('processes that start at once agree on one authority and one certificate', async () => {
    const database = await open()
    const clock = new ManualClock()
    const processes = [1, 2, 3].map(() => composeProcess(database, clock))
    const roots = await Promise.all(processes.map(({ authority }) => authority.ensure('Berth')))
    const pairs = await Promise.all(processes.map(({ served }) => served.ensure()))
    expect(new Set(roots.map(({ fingerprint }) => fingerprint)).size).toBe(1)
    expect(new Set(pairs.map((pair) => pair?.certificate)).size).toBe(1)
    expect(await eventsOf(database)).toEqual(['create_certificate_authority 1', 'issue_certificate 1'])
  })

  test('it is for the names that are wanted, and lives no longer than it should', async () => {
    const database = await open()
    const clock = new ManualClock()
    const { authority, served } = composeProcess(database, clock)
    const { root } = await authority.ensure('Example')
    const leaf = new X509Certificate((await served.ensure())!.certificate)
    expect(leaf.subjectAltName).toBe('DNS:reg.example.com, IP Address:192.0.2.10')
    expect(leaf.issuer).toBe('CN=Example Issuer')
    expect(Date.parse(leaf.validTo)).toBe(clock.now() + 30 * dayMs)
    expect(new X509Certificate(root).subject).toBe('CN=Example Root')
  })

  test('it is renewed after two thirds of its life, and not before', async () => {
    const database = await open()
    const clock = new ManualClock()
    const { authority, served } = composeProcess(database, clock)
    await authority.ensure('Berth')
    const first = await served.ensure()
    clock.advance(19 * dayMs)
    expect(await served.isDue()).toBe(false)
    clock.advance(2.5 * dayMs)
    expect(await served.isDue()).toBe(true)
    await served.renew()
    expect(await served.isDue()).toBe(false)
    expect((await served.find())?.certificate).not.toBe(first?.certificate)
    expect((await served.status()).nextAt).toBeGreaterThan(clock.now() + 19 * dayMs)
  })

  test('of two processes that renew at once, one stores and both serve the same', async () => {
    const database = await open()
    const clock = new ManualClock()
    const [one, other] = [composeProcess(database, clock), composeProcess(database, clock)]
    await one.authority.ensure('Berth')
    await one.served.ensure()
    clock.advance(25 * dayMs)
    await Promise.all([one.served.renew(), other.served.renew()])
    expect((await eventsOf(database)).filter((type) => type === 'issue_certificate 1')).toHaveLength(2)
    expect((await one.served.find())?.certificate).toBe((await other.served.find())!.certificate)
  })

  test('a process with another name gets a certificate for its own and those of the others', async () => {
    const database = await open()
    const clock = new ManualClock()
    const one = composeProcess(database, clock)
    await one.authority.ensure('Berth')
    await one.served.ensure()
    clock.advance(1_000)
    const other = composeProcess(database, clock, { plan: { names: ['10.0.0.2'] } })
    expect((await other.served.ensure())?.names).toEqual(['10.0.0.2', 'reg.example.com', '192.0.2.10'])
    expect(await one.served.isDue()).toBe(false)
    clock.advance(25 * dayMs)
    await one.served.renew()
    expect((await one.served.find())?.names).toEqual(standard.names)
  })

  test('a failure leaves the old one, says why, and waits longer each time', async () => {
    const database = await open()
    const clock = new ManualClock()
    const good = composeProcess(database, clock)
    await good.authority.ensure('Berth')
    let reason: Error | undefined
    const obtained = async () => {
      if (reason !== undefined) throw reason
      return await good.served.ensure().then((pair) => pair!)
    }
    const { served } = composeProcess(database, clock, { plan: { source: 'acme' }, obtain: obtained })
    await served.renew()
    const first = await served.find()
    clock.advance(25 * dayMs)
    reason = new Error('the authority is not there')
    const pauses: number[] = []
    for (let attempt = 0; attempt < 14; attempt += 1) {
      expect(await served.isDue()).toBe(true)
      await expect(served.renew()).rejects.toThrow('the authority is not there')
      expect(await served.isDue()).toBe(false)
      const { nextAt, lastError, failures, served: still } = await served.status()
      expect({ lastError, failures }).toEqual({ lastError: reason.message, failures: attempt + 1 })
      expect(still?.certificate).toBe(first!.certificate)
      pauses.push(nextAt - clock.now())
      clock.advance(nextAt - clock.now())
    }
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b))
    expect(pauses.at(-1)).toBeLessThanOrEqual(12 * 60 * 60_000)
    expect(await eventsOf(database)).toContain('fail_certificate 0')

    reason = Object.assign(new Error('too many orders'), { retryAfterSeconds: 7 * 24 * 3600 })
    await expect(served.renew()).rejects.toThrow('too many orders')
    expect((await served.status()).nextAt).toBe(clock.now() + 7 * dayMs)
  })

  test('an administrator may ask for a new one, and nobody else', async () => {
    const database = await open()
    const clock = new ManualClock()
    const { authority, served } = composeProcess(database, clock)
    await authority.ensure('Berth')
    await served.ensure()
    await expect(served.request({ kind: 'anonymous' })).rejects.toThrow()
    expect(await served.isDue()).toBe(false)
    await served.request(system)
    expect(await served.isDue()).toBe(true)
    await served.renew()
    expect(await served.isDue()).toBe(false)
  })

  test('an issuer near its end is renewed by itself where the root is here', async () => {
    const database = await open()
    const clock = new ManualClock()
    const { authority } = composeProcess(database, clock)
    const first = await authority.ensure('Berth')
    clock.advance(4.5 * 365 * dayMs)
    await authority.issuer()
    const renewed = await authority.get()
    expect(renewed.fingerprint).toBe(first.fingerprint)
    expect(renewed.issuerNotAfter).toBeGreaterThan(first.issuerNotAfter)
  })

  test('a root that is kept elsewhere signs from elsewhere only', async () => {
    const database = await open()
    const clock = new ManualClock()
    const { authority } = composeProcess(database, clock)
    const root = await makeRoot('Far', clock.now())
    const issuer = await makeIssuer('Far', root, clock.now())
    const stranger = await makeIssuer('Far', await makeRoot('Far', clock.now()), clock.now())
    await expect(authority.create(system, 'x', { root: root.certificate, issuer: stranger })).rejects.toThrow(
      'signed by',
    )
    await expect(
      authority.create(system, 'x', { root: root.certificate, issuer: { ...issuer, privateKey: stranger.privateKey } }),
    ).rejects.toThrow('issuer_key should belong')
    expect(await authority.find()).toBeUndefined()
    expect(await authority.create(system, 'x', { root: root.certificate, issuer })).toMatchObject({ rootKept: false })
    await expect(authority.create(system, 'again')).rejects.toThrow('there is an authority already')
    expect(JSON.stringify(await database.read.selectFrom('certificate_authority').selectAll().execute())).not.toContain(
      root.privateKey.split('\n')[1]!,
    )
    clock.advance(6 * 365 * dayMs)
    await expect(authority.issuer()).rejects.toThrow('berth ca renew')
    await authority.renewIssuer(system, await makeIssuer('Far', root, clock.now()))
    expect(await authority.issuer()).toBeDefined()
  })
})
