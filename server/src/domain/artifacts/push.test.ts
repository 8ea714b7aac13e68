import { expect, test } from 'bun:test'
import type { TagName } from '#contract/reference.ts'
import { app, bytes, composeArtifactScene as compose, indexOf } from '#server-test/artifact-scene.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { digestOf, imageOf } from '#server-test/registry-for-test.ts'

describeEachDatabase('a push', (open) => {
  test('names the artifact by its tag and by every ?tag=, and again changes nothing', async () => {
    const { push, pushBlob, tags, artifacts } = await compose(open)
    const image = imageOf('v1', [await pushBlob(app, bytes('config'))], [bytes('config')])
    for (let round = 0; round < 2; round++) {
      const pushed = await push({ ...image, tags: ['v2' as TagName] })
      expect(pushed.tags).toEqual(['v1', 'v2'] as TagName[])
      expect(await tags()).toEqual(['v1', 'v2'].map((name) => ({ name, digest: pushed.digest })))
      expect(await artifacts()).toBe(1)
    }
  })

  test('by a digest that its bytes do not have is refused', async () => {
    const { push, pushBlob, codeOf, artifacts } = await compose(open)
    const image = imageOf('v1', [await pushBlob(app, bytes('config'))], [bytes('config')])
    const reference = { kind: 'digest', digest: digestOf(bytes('another')) } as const
    expect(await codeOf(push({ ...image, reference }))).toBe('DIGEST_MISMATCH')
    expect(await artifacts()).toBe(0)
  })

  test('of a blob or child that only another repository has is refused as of one that nobody has', async () => {
    const { push, pushBlob, pushImage, codeOf, artifacts } = await compose(open)
    const elsewhere = await pushBlob('library/else', bytes('config'))
    expect(await codeOf(push(imageOf('v1', [elsewhere], [bytes('config')])))).toBe('MANIFEST_BLOB_UNKNOWN')
    expect(await codeOf(push(imageOf('v1', [digestOf(bytes('x'))], [bytes('x')])))).toBe('MANIFEST_BLOB_UNKNOWN')
    const child = await pushImage('library/else', 'v1', [bytes('config')])
    expect(await codeOf(push(indexOf([{ digest: child, size: 1 }])))).toBe('MANIFEST_BLOB_UNKNOWN')
    expect(await artifacts()).toBe(1)
  })
})
