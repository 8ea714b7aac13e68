import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import {
  directoryOf,
  findPebblePorts,
  pebbleMissing,
  startPebble,
  type Pebble,
  type PebbleOptions,
  type PebblePorts,
} from '../harness/pebble.ts'
import { createCertificate, type CertificateFiles } from '../harness/private-authority.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { findFreePort, startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'

/** The certificate that a client sees at the port, its issuer behind it. */
async function seenAt(port: number): Promise<X509Certificate> {
  const { promise, resolve, reject } = Promise.withResolvers<X509Certificate>()
  const socket = connect({ port, host: '127.0.0.1', servername: 'reg.test', rejectUnauthorized: false }, () => {
    resolve(new X509Certificate(socket.getPeerCertificate().raw))
    socket.end()
  })
  socket.once('error', reject)
  return await promise
}

interface Status {
  readonly source: string
  readonly names: readonly string[]
  readonly issuer?: string
  readonly failures: number
  readonly last_error?: string
  readonly next_attempt_at: string
}

const statusOf = async (registry: RegistryUnderTest): Promise<Status> => {
  const { stdout } = await registry.control!.tryBerth(['certificate', 'status', '-o', 'json'])
  return JSON.parse(stdout) as Status
}

/** Asks until it is so; the test's own limit ends it otherwise. */
async function until<T>(ask: () => Promise<T>, isSo: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask()
    if (isSo(value)) return value
    await Bun.sleep(300)
  }
}

interface Start {
  readonly pebble?: Partial<PebbleOptions>
  readonly ports?: PebblePorts
  readonly env?: Readonly<Record<string, string>>
}

const isFromPebble = ({ issuer }: X509Certificate): boolean => issuer.includes('Pebble')

if (pebbleMissing !== undefined) skipLoudly('certificates by ACME', pebbleMissing)
else
  describe('a registry with a certificate service', () => {
    const owned = new AsyncDisposableStack()
    let own: CertificateFiles
    let folder: string
    beforeAll(async () => {
      folder = owned.use(await createTemporaryFolder()).path
      own = await createCertificate(folder)
    })
    afterAll(() => owned.disposeAsync())

    async function start(
      scope: AsyncDisposableStack,
      { pebble: given = {}, ports, env = {} }: Start = {},
    ): Promise<{ pebble: Pebble; registry: RegistryUnderTest; port: number }> {
      const [port, known] = [await findFreePort(), ports ?? (await findPebblePorts())]
      const registry = scope.use(
        await startRegistry({
          env: {
            BERTH_HTTPS_PORT: String(port),
            BERTH_HTTPS_HOST: '127.0.0.1',
            BERTH_HTTPS_ISSUER: 'acme',
            BERTH_HTTPS_NAMES: 'reg.test,other.test',
            BERTH_ACME_DIRECTORY: directoryOf(known),
            BERTH_ACME_CA_FILE: own.authorityFile,
            BERTH_ACME_AGREE_TO_TERMS: 'true',
            ...env,
          },
        }),
      )
      const httpPort = Number(new URL(registry.url).port)
      const place = scope.use(await createTemporaryFolder()).path
      const pebble = scope.use(await startPebble(place, { ports: known, certificate: own, httpPort, ...given }))
      return { pebble, registry, port }
    }

    test('has one for all its names by HTTP-01, although nonces are refused, and renews it when asked', async () => {
      await using scope = new AsyncDisposableStack()
      const { registry, port } = await start(scope, { pebble: { refusedNonces: 40 } })
      const first = await until(() => seenAt(port), isFromPebble)
      expect(first.subjectAltName).toBe('DNS:reg.test, DNS:other.test')
      expect(first.publicKey.asymmetricKeyType).toBe('ec')
      expect(await statusOf(registry)).toMatchObject({ source: 'acme', names: ['reg.test', 'other.test'], failures: 0 })
      await registry.control!.tryBerth(['certificate', 'renew'])
      const second = await until(
        () => seenAt(port),
        ({ fingerprint256 }) => fingerprint256 !== first.fingerprint256,
      )
      expect(isFromPebble(second)).toBe(true)
    }, 120_000)

    test('has one for a name with * by DNS-01, with a key of RSA, from a service that forgot the account', async () => {
      await using scope = new AsyncDisposableStack()
      const command = join(folder, 'set-record.sh')
      const ports = await findPebblePorts()
      const set = `curl -fsS -d "{\\"host\\":\\"$2\\",\\"value\\":\\"$3\\"}" http://127.0.0.1:${ports.dnsManagement}`
      await writeFile(command, `#!/bin/sh\ncase $1 in present) ${set}/set-txt ;; cleanup) ${set}/clear-txt ;; esac\n`)
      await chmod(command, 0o755)
      const { pebble, registry, port } = await start(scope, {
        ports,
        env: {
          ...{ BERTH_HTTPS_NAMES: 'reg.test,*.reg.test', BERTH_HTTPS_KEY_TYPE: 'rsa' },
          ...{ BERTH_ACME_CHALLENGE: 'dns-01', BERTH_ACME_DNS_COMMAND: command },
        },
      })
      const first = await until(() => seenAt(port), isFromPebble)
      expect(first.subjectAltName).toBe('DNS:reg.test, DNS:*.reg.test')
      expect(first.publicKey.asymmetricKeyType).toBe('rsa')
      await pebble.forget()
      await registry.control!.tryBerth(['certificate', 'renew'])
      await until(
        () => seenAt(port),
        ({ fingerprint256 }) => fingerprint256 !== first.fingerprint256,
      )
      expect(await statusOf(registry)).toMatchObject({ failures: 0 })
    }, 120_000)

    test('says why there is none, waits before it asks again, and serves what it has', async () => {
      await using scope = new AsyncDisposableStack()
      const { registry, port } = await start(scope, { env: { BERTH_ACME_AGREE_TO_TERMS: 'false' } })
      const status = await until(
        () => statusOf(registry),
        ({ failures }) => failures > 0,
      )
      expect(status.last_error).toContain('set acme.agree_to_terms')
      expect(Date.parse(status.next_attempt_at)).toBeGreaterThan(Date.now() + 20_000)
      expect((await seenAt(port)).subject).toContain('Temporary certificate')
    }, 60_000)
  })
