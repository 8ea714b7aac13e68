import { expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { describeControlledScenario } from '../harness/scenario.ts'

const port = await new Promise<number>((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
  })
})

describeControlledScenario(
  'plain HTTP beside HTTPS',
  (registry) => {
    test('answers with the place of the same thing over HTTPS, for every method', async () => {
      const base = `http://127.0.0.1:${port}`
      for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
        const response = await fetch(`${base}/v2/library/app/tags/list?n=1`, { method, redirect: 'manual' })
        expect({ method, status: response.status }).toEqual({ method, status: 308 })
        expect(response.headers.get('location')).toBe(`${registry().url}/v2/library/app/tags/list?n=1`)
      }
    })
  },
  { transport: 'https', env: { BERTH_HTTP_HOST: '127.0.0.1', BERTH_HTTP_PORT: String(port) } },
)
