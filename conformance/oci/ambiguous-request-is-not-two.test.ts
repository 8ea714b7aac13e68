import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { describeScenario } from '../harness/scenario.ts'

describeScenario('a request that two readers would cut in different places', (registry) => {
  /** Everything that comes back over one connection until it is closed or silent. */
  const exchange = async (text: string): Promise<string> => {
    const { hostname, port } = new URL(registry().url)
    return await new Promise((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write(text))
      let received = ''
      socket.setTimeout(1500, () => socket.destroy())
      socket.on('data', (bytes) => (received += bytes.toString('latin1')))
      // A connection that is reset is one way to refuse.
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(received))
    })
  }
  const answersIn = (received: string): string[] => received.match(/HTTP\/1\.1 \d{3}/g) ?? []
  const smuggled = 'GET /v2/smuggled/tags/list HTTP/1.1\r\nhost: x\r\n\r\n'

  test.each([
    ['two lengths', `content-length: 0\r\ncontent-length: ${smuggled.length}\r\n\r\n`],
    ['a length that is a list', `content-length: 0, ${smuggled.length}\r\n\r\n`],
    ['a length with a sign', `content-length: +${smuggled.length}\r\n\r\n`],
    ['a length and chunks', `content-length: ${smuggled.length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a coding that nobody knows', `transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a folded header', `x-a: b\r\n content-length: ${smuggled.length}\r\n\r\n`],
    ['a space before the colon', `content-length : ${smuggled.length}\r\n\r\n`],
  ])('%s: is refused, and what follows is not taken for a request', async (_, rest) => {
    const received = await exchange(
      `POST /v2/library/a/blobs/uploads/ HTTP/1.1\r\nhost: ${registry().host}\r\n${rest}${smuggled}`,
    )
    expect(answersIn(received).length).toBeLessThanOrEqual(1)
    expect(received).not.toContain('smuggled')
  })

  test('a refusal does not wait for the body that was announced', async () => {
    const received = await exchange(
      `PUT /v2/library/a/manifests/v1 HTTP/1.1\r\nhost: ${registry().host}\r\ncontent-length: 4000000\r\nexpect: 100-continue\r\n\r\n`,
    )
    expect(received).toContain('HTTP/1.1 401')
  })
})
