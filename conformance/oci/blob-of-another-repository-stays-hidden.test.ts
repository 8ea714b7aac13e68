import { expect, test } from 'bun:test'
import { createUniqueImage, sha256, type Descriptor } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { errorCodesOf, expectStatus, V2Client } from '../harness/v2-client.ts'

// CVE-2024-39897, and every other way to turn the knowledge of a digest into the bytes behind it.
describeControlledScenario('a blob of a repository that one may not read', (registry) => {
  const setUp = async () => {
    const stranger = await addAccount(registry())
    const secret = await addProject(registry())
    const own = await addProject(registry(), [{ username: stranger.username, role: 'developer' }])
    const admin = new V2Client(registry())
    const image = createUniqueImage()
    await admin.pushImage(`${secret}/app`, image, 'v1')
    const manifest = JSON.parse(new TextDecoder().decode(image.content.get(image.descriptor.digest))) as {
      config: Descriptor
      layers: Descriptor[]
    }
    return { image, manifest, secret, own, client: new V2Client(registry(), stranger) }
  }

  test('is not mounted, from its repository or anonymously', async () => {
    const { manifest, secret, own, client } = await setUp()
    for (const { digest } of [manifest.config, ...manifest.layers]) {
      for (const query of [`?mount=${digest}&from=${secret}/app`, `?mount=${digest}`]) {
        await expectStatus(await client.request(`/v2/${own}/app/blobs/uploads/${query}`, { method: 'POST' }), 202)
      }
      await expectStatus(await client.request(`/v2/${own}/app/blobs/${digest}`, { method: 'HEAD' }), 404)
    }
  })

  test('is not betrayed by the answer to a mount: it is the same whatever is there', async () => {
    const { manifest, secret, own, client } = await setUp()
    const there = manifest.layers[0]?.digest ?? ''
    const nowhere = sha256(crypto.randomUUID())
    const answers = new Set<string>()
    for (const query of [
      `mount=${there}&from=${secret}/app`,
      `mount=${nowhere}&from=${secret}/app`,
      `mount=${there}&from=${secret}/missing`,
      `mount=${there}&from=no-such-project/app`,
      `mount=${there}`,
      `mount=${nowhere}`,
      `mount=${nowhere}&from=${own}/missing`,
    ]) {
      const response = await client.request(`/v2/${own}/app/blobs/uploads/?${query}`, { method: 'POST' })
      const id = response.headers.get('docker-upload-uuid') ?? ''
      const headers = [...response.headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
      answers.add(`${response.status} ${JSON.stringify(headers)} ${await response.text()}`.replaceAll(id, 'ID'))
    }
    expect([...answers]).toEqual([expect.stringMatching(/^202 /)])
  })

  test('is not given out by its digest, whole or in part, with or without its size', async () => {
    const { image, manifest, secret, own, client } = await setUp()
    for (const { digest } of [manifest.config, ...manifest.layers]) {
      for (const headers of [
        {},
        { range: 'bytes=0-0' },
        { range: 'bytes=99999999-' },
        { 'if-none-match': `"${digest}"` },
      ]) {
        const mine = await client.request(`/v2/${own}/app/blobs/${digest}`, { headers })
        expect(mine.status).toBe(404)
        expect(await errorCodesOf(mine)).toEqual(['BLOB_UNKNOWN'])
        const theirs = await client.request(`/v2/${secret}/app/blobs/${digest}`, { headers })
        expect([401, 403, 404]).toContain(theirs.status)
      }
    }
    await expectStatus(await client.request(`/v2/${own}/app/manifests/${image.descriptor.digest}`), 404)
  })

  test('is not made readable by a manifest that refers to it', async () => {
    const { image, own, client } = await setUp()
    const bytes = image.content.get(image.descriptor.digest) ?? ''
    const pushed = await client.pushManifest(`${own}/app`, 'v1', image.descriptor.mediaType, bytes)
    expect(await errorCodesOf(await expectStatus(pushed, 404))).toEqual(['MANIFEST_BLOB_UNKNOWN'])
    const index = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [image.descriptor],
    }
    const listed = await client.pushManifest(`${own}/app`, 'v1', index.mediaType, JSON.stringify(index))
    expect(await errorCodesOf(await expectStatus(listed, 404))).toEqual(['MANIFEST_BLOB_UNKNOWN'])
  })

  test('is pushed anew without a sign that it was there already', async () => {
    const { image, manifest, own, client } = await setUp()
    const [layer] = manifest.layers
    const pushed = await client.pushBlob(`${own}/app`, image.content.get(layer?.digest ?? '') ?? new Uint8Array())
    expect(pushed.digest).toBe(layer?.digest ?? '')
    await expectStatus(await client.request(`/v2/${own}/app/blobs/${pushed.digest}`), 200)
  })

  test('is gone from a repository in which it was deleted, though another still has it', async () => {
    const client = new V2Client(registry())
    const [one, two] = [registry().newRepository(), registry().newRepository()]
    const blob = await client.pushBlob(one, new TextEncoder().encode(crypto.randomUUID()))
    const mount = await client.request(`/v2/${two}/blobs/uploads/?mount=${blob.digest}&from=${one}`, { method: 'POST' })
    await expectStatus(mount, 201)
    await expectStatus(await client.request(`/v2/${one}/blobs/${blob.digest}`), 200)
    await expectStatus(await client.request(`/v2/${one}/blobs/${blob.digest}`, { method: 'DELETE' }), 202)
    await expectStatus(await client.request(`/v2/${one}/blobs/${blob.digest}`), 404)
    await expectStatus(await client.request(`/v2/${two}/blobs/${blob.digest}`), 200)
  })
})
