import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { Acknowledged } from '../harness/acknowledged.ts'
import { createUniqueImage, sha256 } from '../harness/image.ts'
import { startRegistry, type RegistryControl, type RegistryUnderTest } from '../harness/registry.ts'
import { locationOf, V2Client, withQuery } from '../harness/v2-client.ts'

const missing =
  (process.env['BERTH_CONFORMANCE_URL'] ?? '') === '' ? undefined : 'the registry was not started by the tests'

describe.skipIf(missing !== undefined)(`several workers${missing === undefined ? '' : `: NOT RUN, ${missing}`}`, () => {
  let registry: RegistryUnderTest & { readonly control: RegistryControl }
  beforeAll(async () => {
    const started = await startRegistry({ env: { BERTH_WORKERS: '3' } })
    registry = { ...started, control: started.control! }
    // It answers as soon as its first worker does.
    while ((await linesOf('ready')).length === 0) await Bun.sleep(20)
  }, 60_000)
  afterAll(() => registry?.[Symbol.asyncDispose](), 30_000)

  const linesOf = async (message: string) =>
    (await registry.control.said())
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes(`"${message}"`))
      .map((line) => JSON.parse(line) as Record<string, unknown>)

  /** A connection each, so that any worker may get it. */
  const unkept = { connection: 'close' }

  test('every line of a log is whole, and says which worker wrote it', async () => {
    const client = new V2Client(registry)
    await Promise.all(Array.from({ length: 200 }, () => client.request('/v2/', { headers: unkept })))
    await Bun.sleep(200)
    const lines = (await registry.control.said()).split('\n').filter((line) => line !== '' && line.includes('"level"'))
    const writers = new Set(lines.map((line) => (JSON.parse(line) as { worker?: number }).worker))
    expect([1, 2, 3].every((worker) => writers.has(worker))).toBe(true)
    expect(await linesOf('ready')).toHaveLength(1)
  }, 30_000)

  test('metrics add up, whichever worker is asked', async () => {
    const client = new V2Client(registry)
    const count = async () => {
      const text = await (await client.request('/metrics', { headers: unkept })).text()
      const value = (name: string) =>
        Number(
          text
            .split('\n')
            .find((line) => line.startsWith(name))
            ?.split(' ')
            .at(-1),
        )
      expect(text).toContain('process_resident_memory_bytes{worker="1"}')
      expect(text).toContain('process_resident_memory_bytes{worker="3"}')
      return value('berth_http_requests_total{target="v2",operation="manifest-head",method="HEAD",status="404"}') || 0
    }
    const before = await count()
    for (let index = 0; index < 30; index += 1) {
      await client.request(`/v2/${registry.newRepository()}/manifests/none`, { method: 'HEAD', headers: unkept })
    }
    for (let index = 0; index < 6; index += 1) expect(await count()).toBe(before + 30)
  }, 30_000)

  test('what one acknowledged, every other serves at once', async () => {
    const client = new V2Client(registry)
    const repository = registry.newRepository()
    for (let round = 0; round < 20; round += 1) {
      const image = createUniqueImage()
      await client.pushImage(repository, image, 'moving')
      const seen = await Promise.all(
        Array.from({ length: 6 }, async () => {
          const answer = await client.request(`/v2/${repository}/manifests/moving`, {
            headers: { ...unkept, accept: '*/*' },
          })
          return answer.headers.get('docker-content-digest')
        }),
      )
      expect(new Set(seen)).toEqual(new Set([image.descriptor.digest]))
    }
  }, 60_000)

  test('a blob whose chunks and finish meet different workers is whole', async () => {
    const client = new V2Client(registry)
    const repository = registry.newRepository()
    const bytes = randomBytes(300_000)
    let place = await client.startUpload(repository)
    for (let start = 0; start < bytes.length; start += 20_000) {
      const range = { 'content-range': `${start}-${start + 19_999}`, 'content-type': 'application/octet-stream' }
      const body = bytes.subarray(start, start + 20_000)
      const answer = await client.request(place, { method: 'PATCH', headers: { ...range, ...unkept }, body })
      expect(answer.status).toBe(202)
      place = locationOf(answer)
    }
    const finished = await client.request(withQuery(place, `digest=${sha256(bytes)}`), {
      method: 'PUT',
      headers: unkept,
    })
    expect(finished.status).toBe(201)
    const back = await client.request(`/v2/${repository}/blobs/${sha256(bytes)}`)
    expect(Buffer.from(await back.arrayBuffer()).equals(bytes)).toBe(true)
  }, 60_000)

  test('guesses at a password are counted together', async () => {
    const statuses: number[] = []
    for (let guess = 0; guess < 12; guess += 1) {
      const authorization = `Basic ${btoa(`nobody-${registry.host}:wrong-${guess}`)}`
      statuses.push((await fetch(`${registry.url}/v2/`, { headers: { authorization, ...unkept } })).status)
    }
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(6)
    expect(statuses.at(-1)).toBe(429)
  }, 30_000)

  test('workers that are killed in the middle of pushes lose nothing they acknowledged, and are replaced', async () => {
    const client = new V2Client(registry)
    const acknowledged = new Acknowledged()
    const repository = registry.newRepository()
    const ended = async () => (await linesOf('a worker has ended and is started again; the others go on')).length
    const before = await ended()
    let running = true
    const pushing = Array.from({ length: 6 }, async (_, pusher) => {
      for (let round = 0; running; round += 1) {
        const image = createUniqueImage()
        try {
          await client.pushImage(repository, image, `p${pusher}-${round}`)
        } catch {
          continue // its worker was killed: nothing was acknowledged
        }
        for (const digest of image.content.keys()) {
          if (digest !== image.descriptor.digest) acknowledged.blob(repository, digest)
        }
        acknowledged.manifest(repository, image.descriptor.digest, `p${pusher}-${round}`)
      }
    })
    for (let kill = 1; kill <= 4; kill += 1) {
      const ready = await linesOf('worker ready')
      process.kill(Number(ready.at(-1)!['pid']), 'SIGKILL')
      while ((await ended()) < before + kill) await Bun.sleep(50)
      while ((await linesOf('worker ready')).length <= ready.length) await Bun.sleep(50)
    }
    running = false
    await Promise.all(pushing)
    expect(acknowledged.size).toBeGreaterThan(20)
    expect(await acknowledged.findBroken(client)).toEqual([])
  }, 120_000)
})
