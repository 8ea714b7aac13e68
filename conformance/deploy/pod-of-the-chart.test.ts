import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createUniqueImage, sha256 } from '../harness/image.ts'
import { createPostgresDatabase, postgresMissing } from '../harness/postgres-database.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { findFreePort } from '../harness/registry.ts'
import { s3Credentials, s3ServerMissing, startS3Server } from '../harness/s3-server.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'
import { helmMissing, render, type Values } from './helm-chart.ts'
import { findWhyNoPodRuns, makeRootFileSystem, runPod } from './pod.ts'

const title = 'the pod of the chart, run as it says'
const timeoutMs = 180_000
const password = 'chosen-by-the-test-1'
const missing = helmMissing ?? (await findWhyNoPodRuns())

if (missing !== undefined) skipLoudly(title, missing)
else {
  describe(title, () => {
    let folder: Awaited<ReturnType<typeof createTemporaryFolder>>
    let rootFileSystem: string
    beforeAll(async () => {
      folder = await createTemporaryFolder()
      rootFileSystem = join(folder.path, 'rootfs')
      await makeRootFileSystem(rootFileSystem)
    }, timeoutMs)
    afterAll(() => folder?.[Symbol.asyncDispose]())

    /** Serves, takes a push, gives it back, and ends at SIGTERM: what a pod has to do. */
    async function expectToServe(
      values: Values,
      secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
      env: Readonly<Record<string, string>> = {},
    ): Promise<void> {
      await using own = await createTemporaryFolder()
      const port = await findFreePort()
      const rendered = await render({ admin: { existingSecret: 'admin' }, ...values })
      await using pod = await runPod({
        rendered,
        rootFileSystem,
        folder: own.path,
        secrets: { admin: { password }, ...secrets },
        env: { BERTH_HTTP_PORT: String(port), BERTH_METRICS_PORT: String(await findFreePort()), ...env },
      })
      const url = `http://127.0.0.1:${port}`
      await expectReady(url, pod.logs)

      const status = await pod.status()
      expect(status).toMatch(/^Uid:\t10001\t10001\t10001\t10001$/m)
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        expect(status).toMatch(`${set}:\t0000000000000000`)
      expect(status).toMatch(/^NoNewPrivs:\t1$/m)
      expect(status).toMatch(/^Seccomp:\t2$/m)
      expect(await pod.mounts()).toMatch(/^\S+ \/ \S+ ro[, ]/m)

      const client = new V2Client({
        transport: 'http',
        url,
        host: new URL(url).host,
        username: 'admin',
        password,
        authorityFile: undefined,
        control: undefined,
        newRepository: (hint = 'pod') => `library/${hint}`,
        [Symbol.asyncDispose]: async () => undefined,
      })
      const image = createUniqueImage()
      await client.pushImage('library/pod', image, 'v1')
      for (const [digest, bytes] of image.content) {
        const kind = digest === image.descriptor.digest ? 'manifests' : 'blobs'
        const answer = await expectStatus(await client.request(`/v2/library/pod/${kind}/${digest}`), 200)
        expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(sha256(bytes))
      }
      expect(await pod.stop()).toBe(0)
      expect(await pod.logs()).not.toContain('"level":"error"')
    }

    test('SQLite and a folder on a volume', () => expectToServe({}, {}), timeoutMs)

    const large = postgresMissing ?? s3ServerMissing
    if (large !== undefined) skipLoudly(`${title}: PostgreSQL and S3`, large)
    else {
      test(
        'PostgreSQL and S3',
        async () => {
          await using database = await createPostgresDatabase()
          const s3 = await startS3Server()
          try {
            await s3.createBucket('registry')
            const { accessKeyId, secretAccessKey } = s3Credentials
            await expectToServe(
              {
                replicaCount: 2,
                database: { kind: 'postgresql', postgresql: { existingSecret: 'database' } },
                secrets: { existingSecret: 'outer-key' },
                storage: { kind: 's3', s3: { bucket: 'registry', endpoint: s3.endpoint, existingSecret: 'bucket' } },
              },
              {
                database: { url: database.url },
                'outer-key': { key: randomBytes(32).toString('base64') },
                bucket: { 'access-key': accessKeyId, 'secret-key': secretAccessKey },
              },
            )
          } finally {
            await s3.stop()
          }
        },
        timeoutMs,
      )
    }
  })
}

async function expectReady(url: string, logs: () => Promise<string>): Promise<void> {
  const until = Date.now() + 60_000
  for (;;) {
    const status = await fetch(`${url}/ready`).then(
      (answer) => answer.status,
      () => undefined,
    )
    if (status === 200) return
    if (Date.now() > until) throw new Error(`the pod does not become ready (${status}):\n${await logs()}`)
    await Bun.sleep(100)
  }
}
