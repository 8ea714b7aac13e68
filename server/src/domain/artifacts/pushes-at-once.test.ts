import { expect, setDefaultTimeout, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import type { TagName } from '#contract/reference.ts'
import { app, bytes, composeArtifactScene, indexOf } from '#server-test/artifact-scene.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { imageOf, system } from '#server-test/registry-for-test.ts'
import type { Database } from '../../database/database.ts'
import { pushManifest, type ArtifactPush } from './push.ts'

setDefaultTimeout(60_000)

const rounds = 12
const also = ['also' as TagName]

/** The database, and how often a transaction was begun, and how often its work: more than once where locks stood in each other's way. */
function counting(database: Database) {
  const counts = { writes: 0, runs: 0 }
  const write: Database['write'] = async (work, durability) => {
    counts.writes += 1
    return await database.write(async (tx) => {
      counts.runs += 1
      return await work(tx)
    }, durability)
  }
  return { counts, database: { ...database, write } satisfies Database }
}

/** With no blob in common with another one: a lock on one would keep all others waiting from the start. */
async function imageNamed(scene: Awaited<ReturnType<typeof composeArtifactScene>>, tag: string, name: string) {
  const parts = [bytes(`config of ${name}`), bytes(name)]
  const digests = []
  for (const part of parts) digests.push(await scene.pushBlob(app, part))
  return imageOf(tag, digests, parts)
}

describeEachDatabase('pushes at once', (open) => {
  test('of artifacts that take each other’s tags wait for each other, and none has to begin again', async () => {
    const scene = await composeArtifactScene(open)
    const images: ArtifactPush[] = []
    for (const name of ['one', 'two', 'three'])
      images.push({ ...(await imageNamed(scene, 'moving', name)), tags: also })
    for (const image of images) await scene.push(image)
    const { counts, database } = counting(scene.database)
    const pushAgain = async (at: number) => {
      for (let round = 0; round < rounds; round += 1)
        await pushManifest({ ...scene, database }, await scene.admit(system, 'push', app), images[(at + round) % 3]!)
    }
    await Promise.all(Array.from({ length: 6 }, async (_, at) => await pushAgain(at)))
    expect(counts.runs).toBe(counts.writes)
  })

  test('of indexes that share images, and of these images, wait for each other, and none has to begin again', async () => {
    const scene = await composeArtifactScene(open)
    const images: ArtifactPush[] = []
    for (const name of ['one', 'two', 'three', 'four']) images.push(await imageNamed(scene, name, name))
    const children: { digest: Digest; size: number }[] = []
    for (const image of images)
      children.push({ digest: (await scene.push(image)).digest, size: image.bytes.byteLength })
    const { counts, database } = counting(scene.database)
    const push = async (pushed: ArtifactPush) =>
      await pushManifest({ ...scene, database }, await scene.admit(system, 'push', app), pushed)
    await Promise.all(
      Array.from({ length: 6 }, async (_, at) => {
        for (let round = 0; round < rounds; round += 1) {
          const place = (at + round) % 4
          const turned = [...children.slice(place), ...children.slice(0, place)]
          await push(at % 2 === 0 ? indexOf(turned.slice(0, 3)) : { ...images[place]!, tags: ['index' as TagName] })
        }
      }),
    )
    expect(counts.runs).toBe(counts.writes)
  })
})
