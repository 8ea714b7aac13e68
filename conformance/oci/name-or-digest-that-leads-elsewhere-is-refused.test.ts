import { expect, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sendRaw } from '../harness/raw-request.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { describeControlledScenario, describeScenario } from '../harness/scenario.ts'
import { errorCodesOf, V2Client } from '../harness/v2-client.ts'

const names = [
  '..%2f..%2fetc',
  'library/..%2f..%2fetc',
  'library//b',
  'library/a%00b',
  'library/a%5cb',
  'library/%c0%ae%c0%ae/b',
  'library/A',
  'library/a%0d%0ax',
  'library/a%25b',
  `library/${'a'.repeat(300)}`,
  `library/${'a'.repeat(100_000)}%21`,
]

const digests = [
  'sha256:../../x',
  'sha256:..%2f..%2fx',
  `sha256:${'a'.repeat(63)}`,
  `sha256:${'a'.repeat(65)}`,
  `sha256:${'A'.repeat(64)}`,
  `md5:${'a'.repeat(32)}`,
  `${'x'.repeat(10_000)}:aa`,
  'sha256:',
  'sha256:%00',
]

/** Libraries tidy a path up before they send it: these requests are written by hand. Gives the status. */
async function askRaw(registry: RegistryUnderTest, method: string, path: string): Promise<number> {
  const authorization = btoa(`${registry.username}:${registry.password}`)
  const body = method === 'PUT' ? '{}' : ''
  return await sendRaw(
    registry,
    `${method} ${path} HTTP/1.1\r\nhost: ${registry.host}\r\nauthorization: Basic ${authorization}\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
}

describeScenario('what leads elsewhere', (registry) => {
  const ask = async (method: string, path: string) => await askRaw(registry(), method, path)

  test('names outside the grammar are refused, for reading and for writing', async () => {
    for (const name of names) {
      for (const [method, path] of [
        ['GET', 'manifests/v1'],
        ['GET', 'tags/list'],
        ['POST', 'blobs/uploads/'],
        ['PUT', 'manifests/v1'],
      ] as const) {
        const status = await ask(method, `/v2/${name}/${path}`)
        const shown = name.slice(0, 40)
        // A path that is too long may be refused as such, before anything looks at it.
        expect({ shown, method, path, status: [400, 404, 414, 431].includes(status) }).toEqual({
          shown,
          method,
          path,
          status: true,
        })
      }
    }
  })

  test('a refused name is called NAME_INVALID', async () => {
    const client = new V2Client(registry())
    for (const name of ['library/A', 'library/a%00b', 'library/a%5cb', `library/${'a'.repeat(300)}`]) {
      const response = await client.request(`/v2/${name}/blobs/uploads/`, { method: 'POST' })
      expect(await errorCodesOf(response)).toEqual(['NAME_INVALID'])
      expect(response.status).toBe(400)
    }
  })

  test('dots in a path lead nowhere', async () => {
    for (const path of [
      '/v2/../../etc/passwd',
      '/v2/%2e%2e/%2e%2e/etc/passwd',
      '/v2/library/../../../etc/manifests/x',
      '/v2/library/app/manifests/../../../../etc/passwd',
      '/v2/library/app/blobs/uploads/../../../../etc/passwd',
    ]) {
      const status = await ask('GET', path)
      expect({ path, refused: status >= 400 && status < 500 }).toEqual({ path, refused: true })
    }
  })

  test('digests of wrong form are refused with DIGEST_INVALID', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    for (const digest of digests) {
      for (const path of [`blobs/${digest}`, `referrers/${digest}`]) {
        const response = await client.request(`/v2/${repository}/${path}`)
        const shown = path.slice(0, 40)
        expect({ shown, status: [400, 404, 414].includes(response.status) }).toEqual({ shown, status: true })
        if (response.status === 400) expect(await errorCodesOf(response)).toEqual(['DIGEST_INVALID'])
      }
      const put = await client.request(`/v2/${repository}/blobs/uploads/?digest=${digest}`, {
        method: 'POST',
        body: 'x',
      })
      expect([400, 414]).toContain(put.status)
    }
  })
})

describeControlledScenario('a name or id that leads elsewhere', (registry) => {
  const isContent = (file: string): boolean => !/\.(log|db|db-wal|db-shm)$/.test(file)
  /** Everything in the folder that the registry's data folder lies in. */
  const files = async (): Promise<string[]> =>
    (await readdir(dirname(registry().control.dataFolder), { recursive: true })).filter(isContent).toSorted()

  test('leaves no file anywhere', async () => {
    const before = await files()
    for (const name of names) {
      for (const [method, path] of [
        ['POST', `${name}/blobs/uploads/?digest=sha256:${'a'.repeat(64)}`],
        ['PUT', `${name}/manifests/v1`],
        ['PUT', `library/app/manifests/${name}`],
        ['PATCH', `library/app/blobs/uploads/${name}`],
        ['PUT', `library/app/blobs/uploads/${name}?digest=sha256:${'a'.repeat(64)}`],
      ] as const) {
        expect(await askRaw(registry(), method, `/v2/${path}`)).toBeGreaterThanOrEqual(400)
      }
    }
    expect(await files()).toEqual(before)
    await new V2Client(registry()).pushBlob('library/app', new TextEncoder().encode('this does leave one'))
    expect(await files()).not.toEqual(before)
  })
})
