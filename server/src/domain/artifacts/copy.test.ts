import { expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, digestOf, system, type RegistryForTest } from '#server-test/registry-for-test.ts'
import { walkAccessories } from './accessories.ts'
import { copyArtifact } from './copy.ts'
import { pushManifest } from './push.ts'

const source = 'library/app' as RepositoryName
const target = 'library/copied' as RepositoryName
const imageType = 'application/vnd.oci.image.manifest.v1+json'
const bytes = (text: string) => new TextEncoder().encode(text)

/** Pushes a manifest that says what it belongs to. */
async function pushReferrer(registry: RegistryForTest, subject: Digest, number: number): Promise<Digest> {
  const empty = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(bytes('{}')), size: 2 }
  const body = bytes(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: imageType, artifactType: 'application/x-note' },
      ...{ config: empty, layers: [], subject: { mediaType: imageType, digest: subject, size: 1 } },
      annotations: { number: String(number) },
    }),
  )
  const digest = digestOf(body)
  const content = { reference: { kind: 'digest', digest } as const, tags: [], bytes: body }
  const manifest = parseManifest(body, imageType)
  await pushManifest(registry, await registry.admit(system, 'push', source), { ...content, manifest })
  return digest
}

describeEachDatabase('a copy', (open) => {
  test('takes along more accessories than a page has, and those that come while it walks', async () => {
    const registry = await composeRegistryForTest(await open())
    const { database } = registry
    const image = await registry.pushImage(source, 'v1', [bytes('config'), bytes('layer')])
    await registry.pushBlob(source, bytes('{}'))
    // The size of the subject is not known to these manifests; that is for the push of an index to compare.
    for (let number = 0; number < 230; number++) await pushReferrer(registry, image, number)
    const reading = await registry.admit(system, 'pull', source)
    let walked = 0
    for await (const accessory of walkAccessories(database.read, reading.repositoryId!, [image])) {
      expect(accessory.subject).toBe(image)
      if (walked++ === 0) await pushReferrer(registry, image, 230)
    }
    expect(walked).toBe(231)

    const to = await registry.admit(system, 'copy', target)
    const services = registry
    await copyArtifact(services, await registry.admit(system, 'copy-from', source), to, {
      kind: 'tag',
      tag: 'v1' as TagName,
    })
    const { repositoryId } = await registry.admit(system, 'pull', target)
    let copied = 0
    for await (const _ of walkAccessories(database.read, repositoryId!, [image])) copied++
    expect(copied).toBe(231)
  }, 60_000)
})
