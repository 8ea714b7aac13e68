import { describe, expect, test } from 'bun:test'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { createUniqueImage } from '../harness/image.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { findFreePort } from '../harness/registry.ts'
import { replicasMissing, startReplicas } from '../harness/replicas.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const title = 'HAProxy as deploy/ configures it'
const haproxy = findClient('haproxy')
const file = join(import.meta.dir, '..', '..', 'deploy', 'haproxy.large.cfg')
const missing = haproxy === undefined ? 'not on this machine: haproxy' : replicasMissing

if (missing !== undefined) skipLoudly(title, missing)
else {
  describe(title, () => {
    test('is valid as it is', async () => {
      await runCommand([haproxy!, '-c', '-f', file], {
        env: { BERTH_HOST: 'localhost', BERTH_RESOLVER: '127.0.0.1:53' },
      })
    })

    test('pushes and pulls go on while a replica is killed, and it is used again when it is ready', async () => {
      await using folder = await createTemporaryFolder()
      await using running = await startReplicas(2)
      const address = `127.0.0.1:${await findFreePort()}`
      // The names of containers are found by DNS; here the replicas are named themselves, with the same options.
      const template = /^ {2}server-template berth 20 \S+ (check .*?) resolvers .*$/m
      const configuration = (await readFile(file, 'utf8'))
        .replace(template, (_line, options: string) =>
          running.replicas.map(({ host }, index) => `  server berth${index} ${host} ${options}`).join('\n'),
        )
        // As many files as this needs may not be open here.
        .replace('maxconn 10000', 'maxconn 100')
      expect(configuration).toContain('server berth1 ')
      await writeFile(join(folder.path, 'haproxy.cfg'), configuration)
      const balancer = Bun.spawn([haproxy!, '-db', '-f', join(folder.path, 'haproxy.cfg')], {
        env: { ...process.env, BERTH_RESOLVER: '127.0.0.1:53', BALANCER_ADDRESS: address },
        stdout: Bun.file(join(folder.path, 'haproxy.log')),
        stderr: 'inherit',
      })
      try {
        const [first] = running.replicas
        const client = new V2Client({ ...first!, host: address, url: `http://${address}` })
        await expectBalanced(client, 200)
        for (let round = 0; round < 6; round++) {
          const repository = first!.newRepository()
          if (round === 2) await first!.control.restart('SIGKILL')
          const image = createUniqueImage()
          await retried(() => client.pushImage(repository, image, 'v1'))
          await retried(async () => await expectStatus(await client.request(`/v2/${repository}/manifests/v1`), 200))
        }
        const log = await Bun.file(join(folder.path, 'haproxy.log')).text()
        for (const index of [0, 1]) expect(log).toMatch(new RegExp(`berth/berth${index} .* 201 `))
      } finally {
        balancer.kill('SIGTERM')
        await balancer.exited
      }
    }, 120_000)
  })
}

async function expectBalanced(client: V2Client, status: number): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const answer = await client.request('/v2/').catch(() => undefined)
    if (answer?.status === status) return
    if (attempt > 100) throw new Error(`the balancer answers ${answer?.status}`)
    await Bun.sleep(100)
  }
}

/** As clients do: what broke under way, and 502, 503, 504, are asked again. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const again = /50[234]|ECONN|socket|closed|timed out/i.test(String(error))
      if (!again || attempt >= 10) throw error
      await Bun.sleep(300)
    }
  }
}
