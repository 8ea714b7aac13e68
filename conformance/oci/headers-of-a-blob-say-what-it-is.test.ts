import { expect, test } from 'bun:test'
import { describeScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const text = '0123456789'

describeScenario('the headers of a blob', (registry) => {
  const setUp = async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const { digest } = await client.pushBlob(repository, new TextEncoder().encode(text))
    const ask = async (method: string, headers: Record<string, string> = {}) =>
      await client.request(`/v2/${repository}/blobs/${digest}`, { method, headers })
    return { digest, ask }
  }

  test('never tell the name of a file in the store', async () => {
    const { ask } = await setUp()
    for (const [method, range] of [
      ['GET', ''],
      ['GET', 'bytes=0-3'],
      ['HEAD', ''],
    ] as const) {
      const response = await ask(method, range === '' ? {} : { range })
      expect([method, range, response.headers.get('content-disposition')]).toEqual([method, range, 'attachment'])
    }
  })

  test('If-None-Match with its tag is answered 304, to GET and to HEAD', async () => {
    const { ask, digest } = await setUp()
    for (const method of ['GET', 'HEAD']) {
      for (const tag of [`"${digest}"`, `W/"${digest}"`, `"other", "${digest}"`, '*']) {
        const response = await expectStatus(await ask(method, { 'if-none-match': tag }), 304)
        expect(response.headers.get('etag')).toBe(`"${digest}"`)
        expect(await response.text()).toBe('')
      }
      await expectStatus(await ask(method, { 'if-none-match': '"other"' }), 200)
    }
  })

  test('a range of something else is no range: If-Range with another tag, a weak one or a date gives the whole', async () => {
    const { ask, digest } = await setUp()
    const range = 'bytes=3-5'
    for (const tag of ['"other"', `W/"${digest}"`, 'Mon, 30 Nov 2026 12:00:00 GMT', '*']) {
      const response = await expectStatus(await ask('GET', { range, 'if-range': tag }), 200)
      expect(await response.text()).toBe(text)
    }
    await expectStatus(await ask('GET', { range: 'bytes=99-', 'if-range': '"other"' }), 200)
    const part = await expectStatus(await ask('GET', { range, 'if-range': `"${digest}"` }), 206)
    expect(await part.text()).toBe('345')
  })
})
