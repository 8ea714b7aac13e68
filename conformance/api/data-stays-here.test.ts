import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { tryCommand } from '../harness/command.ts'
import { eventually } from '../harness/eventually.ts'
import { canCreateNetworkNamespace, configuredAddress, createNetworkNamespace } from '../harness/network-namespace.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { startRegistry } from '../harness/registry.ts'

const subject = 'data stays here'
const timeoutMs = 300_000

/** Each starts registries of its own and does with them what it is about. */
const exercised = ['artifacts', 'audit-chain', 'jobs'].map((name) => `./conformance/api/${name}.test.ts`)

if (!(await canCreateNetworkNamespace())) skipLoudly(subject, 'no network namespace can be made here')
else {
  describe(subject, () => {
    test(
      'a registry that nobody told of others sends nothing to anybody, not even a question for a name',
      async () => {
        await using network = await createNetworkNamespace([], { isWatched: true })
        const inside = [...network.prefix, 'env', `--chdir=${join(import.meta.dir, '..', '..')}`]
        const suite = await tryCommand([...inside, process.execPath, 'test', '--timeout', '120000', ...exercised], {
          timeoutMs: timeoutMs - 20_000,
        })
        expect(`${suite.code} ${suite.code === 0 ? '' : suite.stderr.slice(-2_000)}`).toBe('0 ')
        expect(await network.sentTo('others')).toBe(0)
        // What was seen to be nothing would have been seen.
        await tryCommand([...network.prefix, 'timeout', '2', 'sh', '-c', 'getent hosts registry.example.org'])
        expect(await network.sentTo('others')).toBeGreaterThan(0)
      },
      timeoutMs,
    )

    test(
      'a registry that was told of a receiver speaks to that one and nobody else',
      async () => {
        await using network = await createNetworkNamespace([], { isWatched: true })
        const env = { BERTH_AUDIT_SYSLOG_URL: `tcp://${configuredAddress}:601` }
        await using registry = await startRegistry({ prefix: network.prefix, listenHost: network.address, env })
        // Something to tell.
        const login = `await fetch('${registry.url}/api/v2.0/users/current', { headers: { authorization: 'Basic eDp5' } })`
        expect(await tryCommand([...network.prefix, process.execPath, '-e', login])).toMatchObject({ code: 0 })
        await eventually(async () => expect(await network.sentTo('configured')).toBeGreaterThan(0))
        expect(await network.sentTo('others')).toBe(0)
      },
      timeoutMs,
    )
  })
}
