import { expect, test } from 'bun:test'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '../../../test/databases.ts'
import { composeRegistryForTest } from '../../../test/registry-for-test.ts'
import { retainRepository } from './retain.ts'
import type { RetentionMode } from './rules.ts'

const name = 'library/app' as RepositoryName
const content = [new TextEncoder().encode('config'), new TextEncoder().encode('layer')]

describeEachDatabase('retention of a repository', (open) => {
  test.each(['artifact', 'tag'] satisfies RetentionMode[])(
    'takes nothing from what was pushed anew under its name, looking at each %s',
    async (mode) => {
      const registry = await composeRegistryForTest(await open())
      const { database, clock } = registry
      await registry.pushImage(name, 'v1', content)
      const old = await database.read.selectFrom('repository').select(['id', 'project_id']).executeTakeFirstOrThrow()
      const keepsNothing = {
        id: 1,
        priority: 0,
        disabled: false,
        template: 'always',
        value: 0,
        tags: [{ pattern: 'none', excludes: false, untagged: false }],
        repositories: [],
      } as const
      let decided = 0
      const makeAnew = async () => {
        if ((decided += 1) > 1) return
        await database.write((tx) => tx.deleteFrom('repository').execute())
        // Another repository takes a number that is free, not this one.
        await registry.pushImage('library/other', 'v1', content)
        await registry.pushImage(name, 'v1', content)
      }
      const done = await retainRepository(
        registry,
        { id: old.id, name, projectId: old.project_id },
        { rules: [keepsNothing], mode, now: clock.now() },
        { dryRun: false, log: makeAnew, transact: (work) => database.write(work) },
      )
      expect([decided, done.total]).toEqual([1, 1])
      const left = await database.read
        .selectFrom('tag')
        .innerJoin('repository', 'repository.id', 'tag.repository_id')
        .select(['repository.name', 'tag.name as tag'])
        .orderBy('repository.name')
        .execute()
      expect(left).toEqual([
        { name, tag: 'v1' },
        { name: 'library/other', tag: 'v1' },
      ])
    },
  )
})
