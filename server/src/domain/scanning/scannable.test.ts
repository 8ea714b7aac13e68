import { expect, test } from 'bun:test'
import { parseManifest } from '#contract/manifest.ts'
import type { TagName } from '#contract/reference.ts'
import { bytes, composeArtifactScene, indexOf } from '#server-test/artifact-scene.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { digestOf } from '#server-test/registry-for-test.ts'
import { listLeaves } from './scannable.ts'

const imageConfig = 'application/vnd.oci.image.config.v1+json'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

describeEachDatabase('what can be scanned of an artifact', (open) => {
  const compose = async () => {
    const scene = await composeArtifactScene(open)
    /** A manifest with one layer of that type. */
    const push = async (tag: string, layerType: string, configType = imageConfig) => {
      const parts = [bytes(`config of ${tag}`), bytes(`layer of ${tag}`)]
      for (const part of parts) await scene.pushBlob('library/app', part)
      const [config, layer] = parts.map((part, index) => ({
        mediaType: index === 0 ? configType : layerType,
        digest: digestOf(part),
        size: part.byteLength,
      }))
      const body = bytes(JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [layer] }))
      const reference = { kind: 'tag' as const, tag: tag as TagName }
      await scene.push({ reference, tags: [], manifest: parseManifest(body, manifestType), bytes: body })
      return { digest: digestOf(body), size: body.byteLength }
    }
    const leavesOf = async (digest: string) => {
      const { id } = await scene.database.read
        .selectFrom('artifact')
        .select('id')
        .where('digest', '=', digest)
        .executeTakeFirstOrThrow()
      const leaves = await listLeaves(scene.database.read, id)
      return leaves.map((leaf) => [leaf.digest, leaf.isSupported])
    }
    return { ...scene, pushManifest: push, leavesOf }
  }
  const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip'

  test('is the image itself; an artifact that is none is there, and cannot be', async () => {
    const { pushManifest, leavesOf } = await compose()
    const image = await pushManifest('v1', layerType)
    const helm = 'application/vnd.cncf.helm.config.v1+json'
    const chart = await pushManifest('chart', 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', helm)
    const disguised = await pushManifest('disguised', layerType, helm)
    expect(await leavesOf(image.digest)).toEqual([[image.digest, true]])
    expect(await leavesOf(chart.digest)).toEqual([[chart.digest, false]])
    expect(await leavesOf(disguised.digest)).toEqual([[disguised.digest, true]])
  })

  test('are the images of an index and of indexes in it, each once, without the attestations of builders', async () => {
    const { pushManifest, push, leavesOf } = await compose()
    const [amd64, arm64] = [await pushManifest('amd64', layerType), await pushManifest('arm64', layerType)]
    const attestation = await pushManifest('attestation', 'application/vnd.in-toto+json')
    const inner = indexOf([amd64, attestation])
    await push(inner)
    const nested = { digest: digestOf(inner.bytes), size: inner.bytes.byteLength }
    const outer = indexOf([arm64, amd64, nested])
    const mediaType = 'application/vnd.oci.image.index.v1+json'
    const body = bytes(
      new TextDecoder()
        .decode(outer.bytes)
        .replace(
          `"mediaType":"${manifestType}","digest":"${nested.digest}"`,
          `"mediaType":"${mediaType}","digest":"${nested.digest}"`,
        ),
    )
    await push({ ...outer, manifest: parseManifest(body, mediaType), bytes: body })
    expect((await leavesOf(digestOf(body))).toSorted()).toEqual(
      [
        [amd64.digest, true],
        [arm64.digest, true],
      ].toSorted(),
    )
    expect(await leavesOf(attestation.digest)).toEqual([])
  })
})
