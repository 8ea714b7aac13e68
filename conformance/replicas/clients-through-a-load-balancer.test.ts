import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { tryCommand } from '../harness/command.ts'
import { loadBalancerMissing, startLoadBalancer, type LoadBalancer } from '../harness/load-balancer.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { replicasMissing, startReplicas, type Replicas } from '../harness/replicas.ts'

const title = 'clients that know nothing of replicas, through a load balancer'
const isLong = process.env['BERTH_TEST_LONG'] === '1'
const missing = loadBalancerMissing ?? replicasMissing
const checkout = join(import.meta.dir, '..', '..')

/** What runs through the balancer: programs of others; in the long form all of them and every scenario of ours. */
const suites = isLong ? ['oci-suite', 'clients', 'oci'] : ['oci-suite', 'clients/crane', 'clients/oras']
const timeoutMs = isLong ? 1_800_000 : 240_000

if (missing !== undefined) skipLoudly(title, missing)
else {
  describe(title, () => {
    const owned = new AsyncDisposableStack()
    let site: Replicas
    let balancer: LoadBalancer
    beforeAll(async () => {
      const env = { BERTH_TRUSTED_PROXIES: '127.0.0.1', BERTH_LOG_LEVEL: 'warn' }
      site = owned.use(await startReplicas(3, { env }))
      balancer = owned.use(await startLoadBalancer(site.replicas))
    }, 120_000)
    afterAll(() => owned.disposeAsync(), 60_000)

    test(
      'each passes as with one process, while one replica after another is replaced',
      async () => {
        let running = true
        const replaced = (async () => {
          for (let turn = 0; running; turn++) {
            await Bun.sleep(1_000)
            if (running) await site.replicas[turn % site.replicas.length]!.control.restart('SIGTERM')
          }
        })()
        // One version of the OCI suite, unless there is time.
        const chosen = isLong ? [] : ['--test-name-pattern', '^(?!.*suite dev)']
        const files = suites.map((suite) => join('conformance', suite))
        const { code, stderr, stdout } = await tryCommand(
          [process.execPath, 'test', '--timeout', '600000', ...chosen, ...files],
          {
            cwd: checkout,
            timeoutMs,
            env: {
              BERTH_CONFORMANCE_URL: balancer.url,
              BERTH_CONFORMANCE_USERNAME: site.replicas[0]!.username,
              BERTH_CONFORMANCE_PASSWORD: site.replicas[0]!.password,
            },
          },
        )
        running = false
        await replaced
        if (code !== 0) throw new Error(`${stdout}\n${stderr}`)
        const passed = Number(/^ *(\d+) pass$/m.exec(stderr)?.[1] ?? 0)
        expect(passed).toBeGreaterThan(5)
      },
      timeoutMs + 60_000,
    )
  })
}
