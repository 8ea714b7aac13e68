import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adminToken, serve, type Serving } from '../../test/berth-process.ts'

setDefaultTimeout(60_000) // starts processes

let folder: string
let registry: Serving
let authorization: string
const repository = 'library/app'
/** More than the kernel takes from us while nobody reads. */
const content = randomBytes(24 << 20)
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-lines-'))
  registry = await serve(['--data', join(folder, 'data'), '--log-format', 'json'], { cwd: folder })
  authorization = `Bearer ${await adminToken(registry.url, repository)}`
  const answer = await fetch(`${registry.url}/v2/${repository}/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    headers: { authorization },
    body: content,
  })
  expect(answer.status).toBe(201)
})
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** The line of a request, once it is there. */
async function lineOf(requestId: string): Promise<Record<string, unknown>> {
  await registry.says(`"requestId":"${requestId}"`)
  const line = registry
    .output()
    .split('\n')
    .find((each) => each.includes(`"requestId":"${requestId}"`) && each.includes('"message":"request"'))
  return JSON.parse(line!) as Record<string, unknown>
}

/** Begins to pull the blob by hand, and reads on only as far as the buffers take it. */
async function beginPull(requestId: string) {
  const socket = connect(registry.port, '127.0.0.1', () => {
    const head = [
      `GET /v2/${repository}/blobs/${digest} HTTP/1.1`,
      `Host: 127.0.0.1:${registry.port}`,
      `Authorization: ${authorization}`,
      `X-Request-Id: ${requestId}`,
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
  })
  await new Promise((resolve) => socket.once('readable', resolve))
  return socket
}

async function metricOf(name: string): Promise<number> {
  const text = await (await fetch(`${registry.url}/metrics`)).text()
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return Number(line?.split(' ')[1] ?? 0)
}

test('a pull has one line, at its end, with what was sent, how long all of it took, and what it was about', async () => {
  const headers = { authorization, 'x-request-id': 'whole' }
  const answer = await fetch(`${registry.url}/v2/${repository}/blobs/${digest}`, { headers })
  expect((await answer.arrayBuffer()).byteLength).toBe(content.byteLength)
  const line = await lineOf('whole')
  expect(line).toMatchObject({
    ...{ operation: 'blob-get', status: 200, bytesOut: content.byteLength },
    ...{ actor: 'admin', project: 'library', repository },
  })
  expect(line).not.toHaveProperty('aborted')
  expect(Number(line['ms'])).toBeGreaterThanOrEqual(Number(line['answeredMs']))
})

test('a pull that the client does not wait for is told as that, in its line and in the metrics', async () => {
  const aborted = () => metricOf('berth_http_requests_aborted_total{operation="blob-get"}')
  const sent = () => metricOf('berth_http_response_bytes_total')
  const before = { aborted: await aborted(), inFlight: await metricOf('berth_http_requests_in_flight') }
  const socket = await beginPull('broken-off')
  expect(await metricOf('berth_http_requests_in_flight')).toBe(before.inFlight + 1)
  expect(registry.output()).not.toContain('"requestId":"broken-off"')
  const sentBefore = await sent()
  socket.destroy()
  const line = await lineOf('broken-off')
  expect(line).toMatchObject({ status: 200, aborted: true, bytesAnnounced: content.byteLength })
  expect(line).not.toHaveProperty('bytesOut')
  expect(await aborted()).toBe(before.aborted + 1)
  expect((await sent()) - sentBefore).toBeLessThan(content.byteLength / 2)
  expect(await metricOf('berth_http_requests_in_flight')).toBe(before.inFlight)
})

test('a push says how many bytes came, also without an announced length', async () => {
  const bytes = randomBytes(1000)
  const own = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const body = new ReadableStream({
    start(sink) {
      sink.enqueue(bytes)
      sink.close()
    },
  })
  const headers = { authorization, 'x-request-id': 'pushed' }
  const address = `${registry.url}/v2/${repository}/blobs/uploads/?digest=${own}`
  expect((await fetch(address, { method: 'POST', headers, body })).status).toBe(201)
  expect(await lineOf('pushed')).toMatchObject({ operation: 'upload-start', status: 201, bytesIn: 1000, repository })
})

test('a request of the API names its operation and its project; an error that people see has the id of the line', async () => {
  const basic = `Basic ${Buffer.from('admin:Harbor12345').toString('base64')}`
  const headers = { authorization: basic, 'x-request-id': 'asked' }
  await fetch(`${registry.url}/api/v2.0/projects/library/repositories/app`, { headers })
  expect(await lineOf('asked')).toMatchObject({ operation: 'getRepository', project: 'library', repository })

  const refused = await fetch(`${registry.url}/v2/${repository}/manifests/v1`, {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/vnd.oci.image.manifest.v1+json', 'x-request-id': 'refused' },
    body: 'no manifest',
  })
  expect(refused.status).toBe(400)
  const { errors } = (await refused.json()) as { errors: { detail?: { request_id?: string } }[] }
  expect(errors[0]!.detail?.request_id).toBe('refused')
  expect(await lineOf('refused')).toMatchObject({ errorCode: 'MANIFEST_INVALID', error: expect.any(String) })
})
