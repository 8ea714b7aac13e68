import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { sha256 } from '../harness/image.ts'
import { describeScenario } from '../harness/scenario.ts'
import { errorCodesOf, expectStatus, V2Client, withQuery } from '../harness/v2-client.ts'

const mediaType = 'application/vnd.oci.image.index.v1+json'
const manifest = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] })

describeScenario('the body of a request', (registry) => {
  const authorization = () => `Basic ${btoa(`${registry().username}:${registry().password}`)}`

  /** Writes `head`, then `chunk` again and again until an answer comes; the answer, and how much was written. */
  const sendUntilAnswered = async (head: string, chunk: string): Promise<{ answer: string; written: number }> => {
    const { hostname, port } = new URL(registry().url)
    return await new Promise((resolve) => {
      let [answer, written] = ['', 0]
      const socket = connect(Number(port), hostname, () => {
        socket.write(head)
        more()
      })
      const more = (): void => {
        while (answer === '' && !socket.destroyed) {
          written += chunk.length
          if (!socket.write(chunk)) return void socket.once('drain', more)
        }
      }
      socket.on('data', (bytes) => {
        answer += bytes.toString('latin1')
        socket.destroy()
      })
      socket.on('error', () => undefined)
      socket.on('close', () => resolve({ answer, written }))
    })
  }

  test('without an end and without a length is refused when the limit is reached', async () => {
    const megabyte = `100000\r\n${' '.repeat(1024 * 1024)}\r\n`
    const { answer, written } = await sendUntilAnswered(
      `PUT /v2/${registry().newRepository()}/manifests/v1 HTTP/1.1\r\nhost: ${registry().host}\r\n` +
        `authorization: ${authorization()}\r\ncontent-type: ${mediaType}\r\ntransfer-encoding: chunked\r\n\r\n`,
      megabyte,
    )
    expect(answer).toStartWith('HTTP/1.1 413')
    // What lies in the buffers of two sockets comes on top of the limit.
    expect(written).toBeLessThan(64 * 1024 * 1024)
  })

  test('of a manifest is taken as it is or refused: nothing is unpacked', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    for (const [encoding, body] of [
      ['gzip', gzipSync(manifest)],
      ['gzip', gzipSync(' '.repeat(50_000_000))],
      ['deflate', gzipSync(manifest)],
      ['br', manifest],
      ['identity, gzip', manifest],
    ] as const) {
      const response = await client.request(`/v2/${repository}/manifests/v1`, {
        method: 'PUT',
        headers: { 'content-type': mediaType, 'content-encoding': encoding },
        body,
      })
      expect([encoding, response.status, await errorCodesOf(response)]).toEqual([encoding, 400, ['UNSUPPORTED']])
    }
    await expectStatus(await client.request(`/v2/${repository}/manifests/v1`), 404)
    const packed = await client.pushManifest(repository, 'v1', mediaType, gzipSync(manifest))
    expect(await errorCodesOf(await expectStatus(packed, 400))).toEqual(['MANIFEST_INVALID'])
  })

  test('of a blob is what was sent, packed or not, and so is what comes back', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const plain = new TextEncoder().encode('a'.repeat(5_000_000))
    const packed = gzipSync(plain)
    const push = async (digest: string) =>
      await client.request(withQuery(await client.startUpload(repository), `digest=${digest}`), {
        method: 'PUT',
        headers: { 'content-encoding': 'gzip' },
        body: packed,
      })
    await expectStatus(await push(sha256(plain)), 400)
    await expectStatus(await push(sha256(packed)), 201)
    const back = await client.request(`/v2/${repository}/blobs/${sha256(packed)}`, {
      headers: { 'accept-encoding': 'gzip, br' },
    })
    await expectStatus(back, 200)
    expect(back.headers.get('content-encoding')).toBeNull()
    expect(back.headers.get('content-type')).toBe('application/octet-stream')
    expect(sha256(await back.bytes())).toBe(sha256(packed))
  })

  test('that is shorter than its length leaves nothing that can be read', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const text = 'only the beginning'
    const cut = async (method: string, target: string, type: string, body: string): Promise<void> => {
      const { hostname, port } = new URL(registry().url)
      await new Promise<void>((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => {
          socket.end(
            `${method} ${target} HTTP/1.1\r\nhost: ${registry().host}\r\nauthorization: ${authorization()}\r\n` +
              `content-type: ${type}\r\ncontent-length: ${body.length + 1000}\r\n\r\n${body}`,
          )
        })
        socket.on('data', () => undefined)
        socket.on('error', reject)
        socket.on('close', () => resolve())
      })
    }
    await cut('PUT', `/v2/${repository}/manifests/v1`, mediaType, manifest)
    await expectStatus(await client.request(`/v2/${repository}/manifests/v1`), 404)
    await expectStatus(await client.request(`/v2/${repository}/manifests/${sha256(manifest)}`), 404)

    const { pathname } = new URL(await client.startUpload(repository), registry().url)
    const finish = withQuery(pathname, `digest=${sha256(text)}`)
    await cut('PUT', finish, 'application/octet-stream', text)
    await cut('POST', `/v2/${repository}/blobs/uploads/?digest=${sha256(text)}`, 'application/octet-stream', text)
    await expectStatus(await client.request(`/v2/${repository}/blobs/${sha256(text)}`, { method: 'HEAD' }), 404)
    // The session goes on from where it was acknowledged: nothing.
    const status = await expectStatus(await client.request(pathname), 204)
    expect(status.headers.get('range')).toBe('0-0')
    await expectStatus(await client.request(finish, { method: 'PUT', body: text }), 201)
  })

  test('that is longer than its chunk says is refused', async () => {
    const client = new V2Client(registry())
    const place = await client.startUpload(registry().newRepository())
    for (const range of ['0-3', '0-999', '5-9', '9-5', 'x', '0-1000000000000000']) {
      const { status } = await client.request(place, {
        method: 'PATCH',
        headers: { 'content-range': range, 'content-type': 'application/octet-stream' },
        body: 'five!',
      })
      expect({ range, refused: [400, 416].includes(status) }).toEqual({ range, refused: true })
    }
    await expectStatus(await client.request(place, { method: 'DELETE' }), 204)
  })
})
