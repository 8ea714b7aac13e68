import { expect, test } from 'bun:test'
import type { Actor } from '#server/domain/access/actor.ts'
import { composePullObserver } from './content.ts'

const robotWith = (...permissions: readonly string[]): Actor => ({
  ...{ kind: 'robot', id: 1, username: 'robot$library+one' },
  rights: { system: new Set(), everyProject: new Set(), projects: new Map([[7, new Set(permissions) as never]]) },
})

test('what a scanner pulls is in the audit log, and moves no pull time: retention would keep whatever is scanned', () => {
  const [moved, told]: [string[], string[]] = [[], []]
  const observer = composePullObserver(
    { now: () => 1 },
    {
      pulls: { record: ({ digest }: { digest: string }) => void moved.push(digest) } as never,
      pullAudit: { record: (_actor: Actor, { digest }: { digest: string }) => void told.push(digest) } as never,
      pullNotices: { record: () => {} } as never,
    },
  )
  const pull = (actor: Actor, projectId: number, digest: string) =>
    observer.onPull(
      { actor, projectId, repositoryName: 'library/app' } as never,
      { kind: 'digest', digest: digest as never },
      { digest } as never,
    )
  const scanner = robotWith('repository:pull', 'repository:scanner-pull')
  pull(scanner, 7, 'scanned')
  pull(scanner, 8, 'elsewhere')
  pull(robotWith('repository:pull'), 7, 'deployed')
  expect(moved).toEqual(['elsewhere', 'deployed'])
  expect(told).toEqual(['scanned', 'elsewhere', 'deployed'])
})
