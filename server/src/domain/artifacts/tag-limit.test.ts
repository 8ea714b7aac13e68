import { expect, test } from 'bun:test'
import type { TagName } from '#contract/reference.ts'
import { app, bytes, composeArtifactScene as compose } from '#server-test/artifact-scene.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { imageOf, system } from '#server-test/registry-for-test.ts'
import { maxTagsPerArtifact } from './tag-limit.ts'
import { createTag } from './tags.ts'

describeEachDatabase('an artifact with as many tags as it may have', (open) => {
  test('gets no further one by a push or by the API, and is pushed again under those it has', async () => {
    const scene = await compose(open)
    const { push, pushBlob, codeOf, database, admit } = scene
    const image = imageOf('v1', [await pushBlob(app, bytes('config'))], [bytes('config')])
    const { digest } = await push(image)
    const { id, repository_id } = await database.read
      .selectFrom('artifact')
      .select(['id', 'repository_id'])
      .executeTakeFirstOrThrow()
    await database.write(async (tx) => {
      for (let at = 1; at < maxTagsPerArtifact; at += 1_000) {
        const names = Array.from({ length: Math.min(1_000, maxTagsPerArtifact - at) }, (_, index) => `t${at + index}`)
        await tx
          .insertInto('tag')
          .values(names.map((name) => ({ repository_id, name, artifact_id: id, pushed_at: 1, pulled_at: null })))
          .execute()
      }
    })
    expect(await codeOf(push({ ...image, tags: ['more' as TagName] }))).toBe('PRECONDITION')
    const tagging = await admit(system, 'tag', app)
    expect(await codeOf(createTag(scene, tagging, { id, digest }, 'more' as TagName))).toBe('PRECONDITION')
    expect(await codeOf(push({ ...image, tags: ['t7' as TagName] }))).toBe('done')
    expect((await scene.tags()).length).toBe(maxTagsPerArtifact)
  })
})
