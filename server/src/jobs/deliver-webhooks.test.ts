import { secretsForTest } from '#server-test/secrets.ts'
import { expect, test } from 'bun:test'
import type { BusinessEvent } from '#server/domain/events/event-types.ts'
import { composeEvents } from '#server/compose/events.ts'
import type { Database } from '#server/database/database.ts'
import {
  boundDeliveries,
  countDeliveries,
  pruneDeliveries,
  recoverDeliveries,
} from '#server/domain/webhooks/care-for-deliveries.ts'
import { PullNotices } from '#server/domain/webhooks/pull-notices.ts'
import type { WebhookAnswer } from '#server/domain/webhooks/send-deliveries.ts'
import { SlowTargets } from '#server/domain/webhooks/slow-targets.ts'
import { WebhookDeliveries } from '#server/domain/webhooks/webhook-deliveries.ts'
import { WebhookPolicies } from '#server/domain/webhooks/webhook-policies.ts'
import { deliverWebhookJob } from '#server/domain/webhooks/webhook-job.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, system } from '#server-test/registry-for-test.ts'
import { runningJobForTest } from '#server-test/running-job.ts'
import { composeDeliverWebhooks } from './deliver-webhooks.ts'

const hourMs = 60 * 60 * 1_000

async function compose(database: Database) {
  const { clock } = await composeRegistryForTest(database)
  const events = composeEvents(clock)
  const host = 'registry.example.org'
  const secrets = secretsForTest(database)
  const policies = new WebhookPolicies({ database, clock, events, secrets })
  const deliveries = new WebhookDeliveries({ database, clock, events, secrets, policies, host })
  const sent: { id: string; body: string }[] = []
  let answer: () => WebhookAnswer = () => ({ status: 200, body: '' })
  const kind = composeDeliverWebhooks({
    ...{ database, clock, secrets, host, slow: new SlowTargets() },
    scanOverview: async () => undefined,
    send: async ({ headers, body }) => {
      const said = answer()
      sent.push({ id: headers['webhook-id']!, body })
      return said
    },
  })
  const { id: projectId } = await database.read.selectFrom('project').select('id').executeTakeFirstOrThrow()
  const jobs = () =>
    database.read.selectFrom('job').selectAll().where('kind', '=', deliverWebhookJob.kind).orderBy('id').execute()
  return {
    ...{ database, clock, events, policies, deliveries, sent, projectId, jobs },
    answerWith: (next: typeof answer) => (answer = next),
    listen: async (eventTypes: readonly string[], name = 'hook', enabled = true) =>
      await policies.createPolicy(system, 'library', {
        ...{ name, description: '', enabled, eventTypes },
        targets: [
          {
            ...{ type: 'http', address: 'https://ci.example.org/', authHeader: 'Secret 1', format: '', template: '' },
            ...{ skipCertificateCheck: false, signingSecret: undefined },
          },
        ],
      }),
    happen: async (event: BusinessEvent) => await database.write((tx) => events.record(tx, system, event)),
    pushed: (tag: string, repository = 'library/app') =>
      ({ type: 'push_artifact', projectId, repository, digest: `sha256:${'a'.repeat(64)}`, tags: [tag] }) as const,
    /** Does every job that waits, once; those that fail wait on. */
    work: async () => {
      for (const { id, payload } of await jobs()) {
        const failure = await kind
          .run(runningJobForTest(database, kind.parse(JSON.parse(payload) as never), { id }))
          .then(() => undefined, String)
        if (failure === undefined) {
          await database.write((tx) => tx.deleteFrom('job').where('id', '=', id).execute())
        }
      }
    },
    tags: () => sent.map(({ body }) => /"tag":"([^"]*)"/.exec(body)?.[1]),
    states: async (policyId: number) =>
      (await deliveries.listDeliveries(system, 'library', policyId, { limit: 100, offset: 0 })).rows.map(
        ({ status, attempts }) => `${status} ${attempts}`,
      ),
  }
}

describeEachDatabase('webhooks', (open) => {
  test('are told of what they asked for, and of nothing else', async () => {
    const site = await compose(await open())
    const id = await site.listen(['PUSH_ARTIFACT'])
    await site.listen(['DELETE_ARTIFACT'], 'deletions')
    await site.listen(['PUSH_ARTIFACT'], 'asleep', false)
    await site.happen(site.pushed('v1'))
    await site.happen({
      type: 'create_tag',
      projectId: site.projectId,
      repository: 'library/app',
      digest: 'd',
      tag: 't',
    })
    await site.work()
    expect(site.tags()).toEqual(['v1'])
    expect(await site.states(id)).toEqual(['success 1'])
  })

  test('hear nothing of a change that was rolled back', async () => {
    const site = await compose(await open())
    await site.listen(['PUSH_ARTIFACT'])
    const lost = site.database.write(async (tx) => {
      await site.events.record(tx, system, site.pushed('v1'))
      throw new Error('rolled back')
    })
    expect(lost).rejects.toThrow('rolled back')
    await lost.catch(() => {})
    expect(await site.jobs()).toEqual([])
  })

  test('hear in order of what happened in a repository, and another repository does not wait for it', async () => {
    const site = await compose(await open())
    await site.listen(['PUSH_ARTIFACT'])
    for (const tag of ['v1', 'v2', 'v3']) await site.happen(site.pushed(tag))
    let calls = 0
    site.answerWith(() => ({ status: (calls += 1) === 1 ? 503 : 200, body: '' }))
    await site.work()
    expect(site.tags()).toEqual(['v1'])
    await site.happen(site.pushed('other', 'library/other'))
    await site.work()
    expect(site.tags().filter((tag) => tag !== 'other')).toEqual(['v1', 'v1', 'v2', 'v3'])
    expect(site.tags()).toContain('other')
    // The attempts of one delivery have one id.
    expect(site.sent[0]!.id).toBe(site.sent[1]!.id)
    expect(new Set(site.sent.map(({ id }) => id)).size).toBe(4)
  })

  test('that answer nothing for a day are given up, and what comes later is sent', async () => {
    const site = await compose(await open())
    const id = await site.listen(['PUSH_ARTIFACT'])
    await site.happen(site.pushed('v1'))
    site.answerWith(() => {
      throw new Error('connect ECONNREFUSED')
    })
    await site.work()
    site.clock.advance(23 * hourMs)
    await site.work()
    expect(await site.states(id)).toEqual(['pending 2'])
    site.clock.advance(2 * hourMs)
    await site.work()
    expect(await site.states(id)).toEqual(['error 3'])
    site.answerWith(() => ({ status: 200, body: '' }))
    await site.happen(site.pushed('v2'))
    await site.work()
    expect(await site.states(id)).toEqual(['success 1', 'error 3'])
    // A person has it sent again, and it arrives with the id that it had.
    expect(await site.deliveries.redeliver(system, 'library', id)).toBe(1)
    await site.work()
    expect(await site.states(id)).toEqual(['success 1', 'success 4'])
  })

  test.each([
    [400, 'error'],
    [404, 'error'],
    [302, 'error'],
    [408, 'pending'],
    [429, 'pending'],
    [500, 'pending'],
  ] as const)('an answer of %d leaves a delivery %s', async (status, state) => {
    const site = await compose(await open())
    const id = await site.listen(['PUSH_ARTIFACT'])
    await site.happen(site.pushed('v1'))
    site.answerWith(() => ({ status, body: 'no', location: 'http://169.254.169.254/' }))
    await site.work()
    expect(await site.states(id)).toEqual([`${state} 1`])
    const [last] = (await site.deliveries.listDeliveries(system, 'library', id, { limit: 1, offset: 0 })).rows
    const { log } = await site.deliveries.getDelivery(system, 'library', id, last!.id)
    expect(log).toContain('exit webhook job, error')
    expect(log).not.toContain('Secret 1')
  })

  test('keep no secret in their jobs', async () => {
    const site = await compose(await open())
    await site.listen(['PUSH_ARTIFACT'])
    await site.happen(site.pushed('v1'))
    expect(JSON.stringify(await site.jobs())).not.toMatch(/Secret 1|ci\.example\.org/)
  })

  test('whose job was lost get another, and what was sent long ago is forgotten', async () => {
    const site = await compose(await open())
    const id = await site.listen(['PUSH_ARTIFACT'])
    await site.happen(site.pushed('v1'))
    expect(await recoverDeliveries(site)).toBe(0)
    await site.database.write((tx) => tx.deleteFrom('job').execute())
    expect(await recoverDeliveries(site)).toBe(1)
    expect(await recoverDeliveries(site)).toBe(0)
    await site.work()
    expect(await pruneDeliveries(site.database, site.clock.now(), 10)).toBe(0)
    expect(await pruneDeliveries(site.database, site.clock.now() + 96 * hourMs, 10)).toBe(1)
    expect(await site.states(id)).toEqual([])
  })

  test('that have too many waiting give up the oldest, and too many that have ended are forgotten', async () => {
    const site = await compose(await open())
    const id = await site.listen(['PUSH_ARTIFACT'])
    const other = await site.listen(['PUSH_ARTIFACT'], 'other')
    for (const tag of ['v1', 'v2', 'v3', 'v4', 'v5']) await site.happen(site.pushed(tag))
    const now = site.clock.now()
    const bound = async (waiting: number, ended: number) =>
      await boundDeliveries(site.database, now, { waiting, ended })
    expect(await bound(5, 5)).toEqual({ givenUp: 0, forgotten: 0 })
    expect(await bound(2, 5)).toEqual({ givenUp: 6, forgotten: 0 })
    expect(await site.states(id)).toEqual(['pending 0', 'pending 0', 'error 0', 'error 0', 'error 0'])
    expect(await countDeliveries(site.database)).toMatchObject({ waiting: 4, givenUp: 6 })
    const [, , newest] = (await site.deliveries.listDeliveries(system, 'library', other, { limit: 5, offset: 0 })).rows
    expect((await site.deliveries.getDelivery(system, 'library', other, newest!.id)).log).toContain('more than 2')
    await site.work()
    expect(await bound(2, 1)).toEqual({ givenUp: 0, forgotten: 6 })
    // The newest of each kind stay: what was sent pushes out none of what can be sent again.
    expect(await site.states(id)).toEqual(['success 1', 'error 0'])
    expect(await countDeliveries(site.database)).toEqual({ waiting: 0, oldestWaitingSince: undefined, givenUp: 2 })
  })

  test('that let a worker wait are left alone for a while, with all their repositories', async () => {
    const site = await compose(await open())
    const id = await site.listen(['PUSH_ARTIFACT'])
    for (const repository of ['library/a', 'library/b', 'library/c']) await site.happen(site.pushed('v1', repository))
    let calls = 0
    site.answerWith(() => {
      calls += 1
      site.clock.advance(10_000)
      throw new Error('no answer within 10 s')
    })
    await site.work()
    expect([calls, await site.states(id)]).toEqual([1, ['pending 0', 'pending 0', 'pending 1']])
    site.clock.advance(11_000)
    await site.work()
    expect(calls).toBe(2)
    site.clock.advance(21_000)
    site.answerWith(() => ({ status: 200, body: '' }))
    await site.work()
    expect((await site.states(id)).map((state) => state.split(' ')[0])).toEqual(['success', 'success', 'success'])
  })

  test('have a hundred targets in a project at the most', async () => {
    const site = await compose(await open())
    const target = { type: 'http', address: 'https://ci.example.org/', authHeader: '', format: '', template: '' }
    const given = { ...target, skipCertificateCheck: false, signingSecret: undefined }
    const make = async (name: string, count: number) =>
      await site.policies.createPolicy(system, 'library', {
        ...{ name, description: '', enabled: true, eventTypes: ['PUSH_ARTIFACT'] },
        targets: Array.from({ length: count }, () => given),
      })
    for (const name of ['a', 'b', 'c', 'd']) await make(name, 20)
    const last = await make('e', 19)
    await expect(make('f', 2)).rejects.toMatchObject({ code: 'PRECONDITION' })
    const fields = { name: 'e', description: '', enabled: true, eventTypes: ['PUSH_ARTIFACT'] }
    const resize = async (count: number) =>
      await site.policies.updatePolicy(system, 'library', last, {
        ...fields,
        targets: Array.from({ length: count }, () => given),
      })
    await resize(20)
    await expect(make('f', 1)).rejects.toMatchObject({ code: 'PRECONDITION' })
    await resize(18)
  })

  test('hear of pulls where they asked for them', async () => {
    const site = await compose(await open())
    const id = await site.listen(['PULL_ARTIFACT'])
    const pulls = new PullNotices(site)
    const pull = { type: 'pull_artifact', projectId: site.projectId, repository: 'library/app', digest: 'd' } as const
    pulls.record(system, pull)
    await pulls.flush()
    expect(await site.states(id)).toEqual([])
    pulls.record(system, { ...pull, tag: 'v1' })
    pulls.record(system, { ...pull, projectId: 999 })
    await pulls.flush()
    await site.work()
    expect(await site.states(id)).toEqual(['success 1'])
  })

  test('are switched off together by Harbor’s setting', async () => {
    const site = await compose(await open())
    const id = await site.listen(['PUSH_ARTIFACT'])
    await site.database.write((tx) =>
      tx
        .insertInto('setting')
        .values({ name: 'notification_enable', value: 'false', updated_at: 0 } as never)
        .execute(),
    )
    await site.happen(site.pushed('v1'))
    expect(await site.states(id)).toEqual([])
  })

  test('go with their deliveries, and a delivery whose target went is stopped', async () => {
    const site = await compose(await open())
    const id = await site.listen(['PUSH_ARTIFACT'])
    await site.happen(site.pushed('v1'))
    const fields = { name: 'hook', description: '', enabled: true, eventTypes: ['PUSH_ARTIFACT'] }
    const moved = { type: 'slack', address: 'https://hooks.example.org/', authHeader: '', format: '', template: '' }
    await site.policies.updatePolicy(system, 'library', id, {
      ...fields,
      targets: [{ ...moved, skipCertificateCheck: false, signingSecret: undefined }],
    })
    await site.work()
    expect([await site.states(id), site.sent]).toEqual([['stopped 0'], []])
    await site.policies.deletePolicy(system, 'library', id)
    expect(await site.database.read.selectFrom('webhook_delivery').select('id').execute()).toEqual([])
  })
})
