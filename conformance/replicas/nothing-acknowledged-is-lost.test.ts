import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { tryCommand } from '../harness/command.ts'
import { createImage, createUniqueImage, writeLayout, type Image } from '../harness/image.ts'
import { loadBalancerMissing, startLoadBalancer, type LoadBalancer } from '../harness/load-balancer.ts'
import { ownPostgresMissing, startOwnPostgres, type OwnPostgres } from '../harness/own-postgres.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { startReplicas, type Replicas } from '../harness/replicas.ts'
import type { S3Fault } from '../harness/s3-fault-proxy.ts'
import { s3ServerMissing } from '../harness/s3-server.ts'
import { controlMissing } from '../harness/scenario.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'
import { absent, Model, patienceMs } from './model.ts'

const title = 'three replicas behind a load balancer, while everything around them fails'
const isLong = process.env['BERTH_TEST_LONG'] === '1'
/** How often everything fails once. */
const rounds = isLong ? 12 : 1
const missing = controlMissing ?? loadBalancerMissing ?? ownPostgresMissing ?? s3ServerMissing

if (missing !== undefined) skipLoudly(title, missing)
else {
  describe(title, () => {
    const owned = new AsyncDisposableStack()
    let postgres: OwnPostgres
    let site: Replicas
    let balancer: LoadBalancer
    beforeAll(async () => {
      postgres = owned.use(await startOwnPostgres())
      const env = { BERTH_TRUSTED_PROXIES: '127.0.0.1', BERTH_S3_TIMEOUT: '3s', BERTH_LOG_LEVEL: 'warn' }
      site = owned.use(await startReplicas(3, { env, databaseUrl: postgres.url, s3Faults: true }))
      balancer = owned.use(await startLoadBalancer(site.replicas))
    }, 120_000)
    afterAll(() => owned.disposeAsync(), 60_000)

    test(
      'nothing acknowledged is lost, tags show what they may show, and refusals ask to come again',
      async () => {
        const model = new Model()
        const front: RegistryUnderTest = { ...site.replicas[0]!, host: balancer.host, url: balancer.url }
        let running = true
        const goesOn = () => running && model.violations.length === 0
        const work = [
          ...Array.from({ length: 3 }, (_, index) => pushAndDelete(model, front, `writer-${index}`, goesOn)),
          pushLarge(model, front, goesOn),
          pullAnything(model, front, goesOn),
          useRealClients(model, front, goesOn),
        ]
        const disturbed = disturb({ postgres, site }, rounds).finally(() => (running = false))
        await Promise.all([disturbed, ...work])

        expect(model.violations).toEqual([])
        // What happened, for who reads the log: a run in which nothing went wrong would show nothing.
        console.error(`conformance: ${JSON.stringify({ ...model.counts, s3Faults: site.s3Proxy!.faults })}`)
        expect(model.counts.pushes).toBeGreaterThan(5)
        expect(model.counts.pulls).toBeGreaterThan(5)
        expect(model.counts.lost + model.counts.refused).toBeGreaterThan(0)
        expect(site.s3Proxy!.faults).toBeGreaterThan(0)

        for (const [tag, allowed] of model.tagsWithTheirWriters()) {
          const [repository, name] = splitTag(tag)
          for (const replica of site.replicas) {
            const answer = await new V2Client(replica).request(`/v2/${repository}/manifests/${name}`, {
              method: 'HEAD',
              headers: { accept: '*/*' },
            })
            const shown = answer.status === 404 ? absent : String(answer.headers.get('docker-content-digest'))
            expect([...allowed, tag]).toContain(shown)
          }
        }
        expect(await findLost(model, front)).toEqual([])
        for (const { control } of site.replicas) expect(errorsIn(await control.said())).toEqual([])
      },
      isLong ? 1_800_000 : 240_000,
    )
  })
}

interface Surroundings {
  readonly postgres: OwnPostgres
  readonly site: Replicas
}

const s3Faults: readonly S3Fault[] = [
  { kind: 'refuse', status: 503 },
  { kind: 'refuse', status: 500 },
  { kind: 'reset' },
  { kind: 'lose-answer' },
  { kind: 'cut', afterBytes: 10 },
  { kind: 'stall', afterBytes: 10 },
  { kind: 'delay', milliseconds: 500 },
]

/** Everything that can fail fails, one thing after another, in another order each round. */
async function disturb({ postgres, site }: Surroundings, times: number): Promise<void> {
  const { replicas } = site
  const anyReplica = () => replicas[Math.floor(Math.random() * replicas.length)]!
  const s3FailsFor = async (milliseconds: number, share: number) => {
    site.s3Proxy!.decide = () =>
      Math.random() < share ? s3Faults[Math.floor(Math.random() * s3Faults.length)] : undefined
    await Bun.sleep(milliseconds)
    site.s3Proxy!.decide = () => undefined
  }
  const freeze = async (milliseconds: number) => {
    const pid = anyReplica().control.pid()
    process.kill(pid, 'SIGSTOP')
    await Bun.sleep(milliseconds)
    process.kill(pid, 'SIGCONT')
  }
  const disturbances = [
    () => anyReplica().control.restart('SIGKILL'),
    () => anyReplica().control.restart('SIGTERM'),
    () => freeze(4_000),
    () => postgres.restart('SIGINT'),
    () => postgres.restart('SIGQUIT'),
    () => s3FailsFor(4_000, 0.3),
    () => s3FailsFor(2_000, 1),
    // Two at once: a replica dies while the store is failing.
    () => Promise.all([s3FailsFor(3_000, 0.3), anyReplica().control.restart('SIGKILL')]),
  ]
  for (let round = 0; round < times; round++) {
    for (const disturbance of shuffled(disturbances)) {
      await disturbance()
      await Bun.sleep(500)
    }
  }
  await Bun.sleep(2_000)
}

async function pushAndDelete(model: Model, front: RegistryUnderTest, name: string, goesOn: () => boolean) {
  const client = new V2Client(front)
  const repository = front.newRepository(name)
  for (let turn = 0; goesOn(); turn++) {
    const image = createUniqueImage()
    await model.pushImage(client, repository, image, 'latest')
    await model.pull(client, repository, 'latest')
    if (turn % 3 !== 2) continue
    // A repository of its own, because what was deleted is not looked for at the end.
    const brief = front.newRepository(name)
    const gone = new Model()
    const deleted = createUniqueImage()
    await gone.pushImage(client, brief, deleted, 'v1')
    await gone.deleteImage(client, brief, deleted.descriptor.digest, 'v1')
    for (let reads = 0; reads < 3; reads++) await gone.pull(client, brief, 'v1')
    model.violations.push(...gone.violations)
    model.counts.deletes += gone.counts.deletes
    await Bun.sleep(50)
  }
}

/** Layers of several parts, so that uploads go on at other replicas in the middle. */
async function pushLarge(model: Model, front: RegistryUnderTest, goesOn: () => boolean) {
  const client = new V2Client(front)
  const repository = front.newRepository('large')
  for (let turn = 0; goesOn(); turn++) {
    const image = createImage({ layers: [[{ path: 'data', content: randomBytes(6_500_000).toString('latin1') }]] })
    await model.pushImage(client, repository, image, `v${turn % 2}`)
    await model.pull(client, repository, `v${turn % 2}`)
  }
}

async function pullAnything(model: Model, front: RegistryUnderTest, goesOn: () => boolean) {
  const client = new V2Client(front)
  while (goesOn()) {
    const tags = [...model.tagsWithTheirWriters().keys()]
    const tag = tags[Math.floor(Math.random() * tags.length)]
    if (tag !== undefined) await model.pull(client, ...splitTag(tag))
    await Bun.sleep(20)
  }
}

/** Clients that we did not write, with no more patience than somebody at a terminal has for them. */
async function useRealClients(model: Model, front: RegistryUnderTest, goesOn: () => boolean) {
  const crane = findClient('crane')
  const skopeo = findClient('skopeo')
  if (crane === undefined && skopeo === undefined) return skipLoudly('real clients among replicas', 'there are none')
  await using folder = await createTemporaryFolder()
  const auth = Buffer.from(`${front.username}:${front.password}`).toString('base64')
  await Bun.write(join(folder.path, 'config.json'), JSON.stringify({ auths: { [front.host]: { auth } } }))
  const env = { DOCKER_CONFIG: folder.path, REGISTRY_AUTH_FILE: join(folder.path, 'config.json') }
  const succeed = async (command: readonly string[]): Promise<string> => {
    const deadline = performance.now() + patienceMs
    for (;;) {
      const { code, stdout, stderr } = await tryCommand(command, { env, timeoutMs: 60_000 })
      if (code === 0) return stdout.trim()
      if (performance.now() > deadline) throw new Error(`${command.join(' ')}\n${stderr}`)
      await Bun.sleep(500)
    }
  }
  for (let turn = 0; goesOn(); turn++) {
    const image: Image = createUniqueImage()
    const layout = join(folder.path, `layout-${turn}`)
    await writeLayout(layout, image, 'v1')
    const repository = front.newRepository('clients')
    const there = `${front.host}/${repository}:v1`
    const operation = model.begin(`${repository}:v1`, image.descriptor.digest)
    if (skopeo !== undefined) {
      const flags = ['--insecure-policy', 'copy', '--dest-tls-verify=false', '--retry-times', '2']
      await succeed([skopeo, ...flags, `oci:${layout}:v1`, `docker://${there}`])
    } else await succeed([crane!, 'push', layout, there])
    operation.end()
    model.acknowledged.manifest(repository, image.descriptor.digest, 'v1')
    if (crane === undefined) continue
    const digest = await succeed([crane, 'digest', there])
    if (digest !== image.descriptor.digest) model.violations.push(`crane found ${digest} at ${there}`)
    await succeed([crane, 'validate', '--remote', there])
  }
}

/** Everything acknowledged, read back and hashed. The tag `latest` moves on, and was looked at before. */
async function findLost(model: Model, front: RegistryUnderTest): Promise<string[]> {
  const broken = await model.acknowledged.findBroken(new V2Client(front))
  return broken.filter((sentence) => !/ was sha256:\w+ and has become sha256:/.test(sentence))
}

/** Errors that nobody foresaw; that databases and stores went away is said, and is none. */
function errorsIn(log: string): string[] {
  return log.split('\n').filter((line) => line.includes('request failed') && !/Unavailable|DatabaseBusy/.test(line))
}

function splitTag(tag: string): [repository: string, name: string] {
  const colon = tag.lastIndexOf(':')
  return [tag.slice(0, colon), tag.slice(colon + 1)]
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => [Math.random(), item] as const)
    .sort(([one], [other]) => one - other)
    .map(([, item]) => item)
}
