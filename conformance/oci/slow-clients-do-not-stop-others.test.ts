import { afterEach, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { sha256 } from '../harness/image.ts'
import { describeScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client, withQuery } from '../harness/v2-client.ts'

const crowd = 300

describeScenario('clients that send a byte now and then', (registry) => {
  const sockets: Socket[] = []
  const timers: ReturnType<typeof setInterval>[] = []
  afterEach(() => {
    for (const timer of timers.splice(0)) clearInterval(timer)
    for (const socket of sockets.splice(0)) socket.destroy()
  })

  const drip = async (start: string): Promise<void> => {
    const { hostname, port } = new URL(registry().url)
    const socket = connect(Number(port), hostname)
    // What becomes of them is not the question.
    socket.on('error', () => undefined)
    sockets.push(socket)
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
    socket.write(start)
    timers.push(setInterval(() => socket.writable && socket.write('x'), 1000))
  }

  for (const what of ['headers', 'bodies'] as const) {
    test(`in their ${what} do not keep others waiting`, async () => {
      const client = new V2Client(registry())
      const repository = registry().newRepository()
      const blob = await client.pushBlob(repository, new TextEncoder().encode(crypto.randomUUID()))
      const authorization = `authorization: Basic ${btoa(`${registry().username}:${registry().password}`)}`
      for (let at = 0; at < crowd; at += 1) {
        if (what === 'headers') {
          await drip(`GET /v2/ HTTP/1.1\r\nhost: ${registry().host}\r\nx-slow: `)
        } else {
          const place = `/v2/${repository}/blobs/uploads/?digest=${sha256(String(at))}`
          await drip(
            `POST ${place} HTTP/1.1\r\nhost: ${registry().host}\r\n${authorization}\r\ncontent-length: 1000\r\n\r\n`,
          )
        }
      }
      for (let at = 0; at < 50; at += 1) {
        await expectStatus(await client.request(`/v2/${repository}/blobs/${blob.digest}`), 200)
      }
      // They were answered beside the crowd, not after it.
      expect(sockets.filter((socket) => !socket.closed).length).toBe(crowd)
    }, 60_000)
  }

  test('are served when they are honest: an upload with pauses longer than ten seconds ends well', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const parts = ['a'.repeat(1000), 'b'.repeat(1000), 'c'.repeat(1000)]
    const place = await client.startUpload(repository)
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (const [at, part] of parts.entries()) {
          if (at > 0) await Bun.sleep(13_000)
          controller.enqueue(new TextEncoder().encode(part))
        }
        controller.close()
      },
    })
    const response = await fetch(withQuery(place, `digest=${sha256(parts.join(''))}`), {
      method: 'PUT',
      body,
      headers: { authorization: `Basic ${btoa(`${registry().username}:${registry().password}`)}` },
    })
    await expectStatus(response, 201)
  }, 60_000)
})
