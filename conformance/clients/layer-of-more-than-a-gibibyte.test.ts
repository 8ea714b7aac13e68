import { expect, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { runCommand } from '../harness/command.ts'
import { describeBytes, writeLayout } from '../harness/image.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const timeoutMs = 300_000
const blockBytes = 1024 * 1024
const blocks = 1024 + 1

describeClient('crane', ['crane'], (scenario) => {
  test(
    'a layer of more than a gibibyte is pushed and comes back, whole and from its middle',
    async () => {
      const { registry, programs } = scenario()
      await using folder = await createTemporaryFolder()
      const env = { DOCKER_CONFIG: folder.path, SSL_CERT_FILE: registry.authorityFile }
      const login = [programs.crane, 'auth', 'login', registry.host, '-u', registry.username, '--password-stdin']
      await runCommand(login, { env, stdin: registry.password })
      const layout = join(folder.path, 'layout')
      const { digest, block } = await writeLargeImage(layout)
      const repository = registry.newRepository()
      await runCommand([programs.crane, 'push', layout, `${registry.host}/${repository}:v1`], { env, timeoutMs })

      const client = new V2Client(registry)
      const whole = await expectStatus(await client.request(`/v2/${repository}/blobs/${digest}`), 200)
      expect(whole.headers.get('content-length')).toBe(String(blocks * blockBytes))
      const hash = createHash('sha256')
      for await (const bytes of whole.body ?? []) hash.update(bytes)
      expect(`sha256:${hash.digest('hex')}`).toBe(digest)

      const start = 700 * blockBytes
      const headers = { range: `bytes=${start}-${start + blockBytes - 1}` }
      const part = await expectStatus(await client.request(`/v2/${repository}/blobs/${digest}`, { headers }), 206)
      expect(Buffer.from(await part.bytes()).equals(block)).toBe(true)
    },
    timeoutMs,
  )
})

/** An image with one large layer, written block by block: nothing of it is held in memory. */
async function writeLargeImage(layout: string): Promise<{ digest: string; block: Buffer }> {
  const block = randomBytes(blockBytes)
  const hash = createHash('sha256')
  const folder = join(layout, 'blobs', 'sha256')
  await mkdir(folder, { recursive: true })
  const written = join(folder, 'large')
  await pipeline(function* () {
    for (let at = 0; at < blocks; at += 1) {
      hash.update(block)
      yield block
    }
  }, createWriteStream(written))
  const hex = hash.digest('hex')
  await rename(written, join(folder, hex))
  const layer = {
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
    digest: `sha256:${hex}`,
    size: blocks * blockBytes,
  }
  const config = new TextEncoder().encode(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.digest] } }),
  )
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const configDescriptor = describeBytes('application/vnd.oci.image.config.v1+json', config)
  const manifest = new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType, config: configDescriptor, layers: [layer] }),
  )
  const descriptor = describeBytes(mediaType, manifest)
  const content = new Map([
    [configDescriptor.digest, config],
    [descriptor.digest, manifest],
  ])
  await writeLayout(layout, { descriptor, content }, 'v1')
  return { digest: layer.digest, block }
}
