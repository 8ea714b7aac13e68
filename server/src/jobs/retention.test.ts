import { secretsForTest } from '#server-test/secrets.ts'
import { afterEach, expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '#server/database/database.ts'
import { pushManifest } from '#server/domain/artifacts/push.ts'
import { DomainError } from '#server/domain/errors.ts'
import { Jobs } from '#server/domain/jobs/jobs.ts'
import { ImmutabilityRules } from '#server/domain/policies/immutability.ts'
import { recountUsage, usageOf } from '#server/domain/quotas/project-usage.ts'
import { composeRetention } from '#server/domain/retention/compose-retention.ts'
import type { RetentionMode, RetentionRule, Template } from '#server/domain/retention/rules.ts'
import { composeJobKinds } from '#server/jobs/kinds.ts'
import { JobWorker } from '#server/jobs/worker.ts'
import { composeAdmit } from '#server/domain/policies/admit.ts'
import { AdvisoryUploads } from '#server/domain/scanning/data/advisory-uploads.ts'
import { AdvisoryGenerations } from '#server/domain/scanning/data/advisory-generations.ts'
import { SlowTargets } from '#server/domain/webhooks/slow-targets.ts'
import { composeChainForTest } from '#server-test/audit-chain.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, system } from '#server-test/registry-for-test.ts'

const day = 86_400_000
const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]()
})

let seed = 0
const bytes = () => new TextEncoder().encode(`layer ${(seed += 1)}`)

const rule = (template: Template, value = 0, pattern = '**', rest: Partial<RetentionRule> = {}): RetentionRule => ({
  id: 0,
  priority: 0,
  disabled: false,
  template,
  value,
  tags: [{ pattern, excludes: false, untagged: false }],
  repositories: [],
  ...rest,
})

const notHere = () => Promise.reject(new Error('nothing is scanned here'))

async function compose(database: Database, settings = { readOnly: false, deleteEnabled: true }) {
  const registry = await composeRegistryForTest(database)
  const { clock, events, pushImage } = registry
  const admit = composeAdmit({ database, clock, settings })
  const windows = { graceMs: 0, lingerMs: 0, leaseMs: 0, trashWindowMs: 0 }
  const collector = { database, sweeper: registry.store, clock, events, ...windows, batch: 100 }
  const kinds = composeJobKinds({
    backups: { keep: undefined, open: async () => undefined },
    sending: {
      ...{ database, clock, secrets: secretsForTest(database), host: 'registry.example.org', slow: new SlowTargets() },
      send: () => Promise.reject(new Error('nobody is told here')),
      scanOverview: async () => undefined,
    },
    chain: composeChainForTest({ database, clock, events }),
    replicating: {
      ...{ database, clock, events, content: registry, openRemote: notHere, nameRuleOf: notHere },
      projects: { createProject: notHere, isNameTaken: notHere },
    },
    database,
    clock,
    events,
    secrets: secretsForTest(database),
    admit,
    blobs: registry.blobs,
    manifests: registry.manifests,
    advisories: new AdvisoryGenerations({ database, clock, events, folder: '/nowhere' }),
    uploads: registry.uploads,
    pushedSignatures: registry.pushedSignatures,
    host: undefined,
    readLayer: notHere,
    readBom: notHere,
    importThreads: { import: notHere },
    advisoryUploads: new AdvisoryUploads({ database, clock, events }),
    registries: { getAddress: notHere },
    withRemoteArtifact: notHere,
    adapters: { findVulnerabilities: notHere },
    scansArePulls: async () => false,
    trashWindowMs: 0,
    store: registry.store,
    collector,
    settings,
  })
  const jobs = new Jobs({ database, clock, events, kinds: kinds.map(({ name }) => name) })
  const retention = composeRetention({ database, clock, events, jobs, settings })
  const errors: unknown[] = []
  const worker = new JobWorker({
    database,
    clock,
    kinds,
    process: { id: 'one', host: 'here', pid: 1 },
    concurrency: 2,
    keepMs: 60_000,
    flushMs: 5,
    drainMs: 2_000,
    onError: (doing, error) => errors.push(`${doing}: ${String(error)}`),
  })
  opened.push(worker)
  const { id: projectId } = await database.read
    .selectFrom('project')
    .select('id')
    .where('name', '=', 'library')
    .executeTakeFirstOrThrow()

  const work = async () => {
    // The first round plans, the others do what was planned.
    for (let round = 0; round < 4; round++) await worker.tick().then(() => worker.idle())
    expect(errors).toEqual([])
  }
  const addPolicy = async (rules: readonly RetentionRule[], mode: RetentionMode = 'artifact', cron = '') =>
    await retention.policies.createPolicy(system, projectId, { rules, mode, cron })
  const run = async (policyId: number, dryRun = false) => {
    const executionId = await retention.executions.start(system, policyId, dryRun)
    await work()
    return { executionId, ...(await resultOf(policyId, executionId)) }
  }
  const page = { limit: 100, offset: 0 }
  const resultOf = async (policyId: number, executionId: number) => {
    const executions = await retention.executions.listExecutions(system, policyId, page)
    const tasks = (await retention.executions.listTasks(system, policyId, executionId, page)).rows
    const lines: string[] = []
    for (const { id } of tasks.toSorted((one, other) => one.id - other.id))
      for await (const { line } of jobs.walkLog(id)) lines.push(line)
    return { execution: executions.rows.find(({ id }) => id === executionId)!, tasks, lines }
  }
  const tags = async () => {
    const rows = await database.read
      .selectFrom('tag')
      .innerJoin('repository', 'repository.id', 'tag.repository_id')
      .select(['repository.name', 'tag.name as tag'])
      .orderBy('repository.name')
      .orderBy('tag.name')
      .execute()
    return rows.map((row) => `${row.name.replace('library/', '')}:${row.tag}`)
  }
  const digests = async () =>
    new Set((await database.read.selectFrom('artifact').select('digest').execute()).map(({ digest }) => digest))
  /** One image a day, the last one now. */
  const pushDaily = async (repository: string, names: readonly string[]) => {
    for (const [at, name] of names.entries()) {
      if (at > 0) clock.advance(day)
      await pushImage(`library/${repository}`, name, [bytes(), bytes()])
    }
  }
  const push = async (repository: string, reference: Reference, manifest: object, mediaType: string) => {
    const body = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType, ...manifest }))
    const admission = await registry.admit(system, 'push', `library/${repository}` as RepositoryName)
    const parsed = parseManifest(body, mediaType)
    const pushed = await pushManifest(registry, admission, { reference, tags: [], manifest: parsed, bytes: body })
    return { mediaType, digest: pushed.digest, size: body.byteLength }
  }
  return {
    ...registry,
    admit,
    jobs,
    retention,
    projectId,
    work,
    addPolicy,
    run,
    resultOf,
    tags,
    digests,
    pushDaily,
    push,
  }
}

const byTag = (tag: string): Reference => ({ kind: 'tag', tag: tag as TagName })
const indexType = 'application/vnd.oci.image.index.v1+json'
const imageType = 'application/vnd.oci.image.manifest.v1+json'

async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run
    return 'done'
  } catch (error) {
    if (error instanceof DomainError) return error.code
    throw error
  }
}

const decisionsIn = (lines: readonly string[]) => lines.filter((line) => /^(keep|remove) /.test(line))

describeEachDatabase('runs of retention', (open) => {
  test('a dry run tells what the run then does, line by line, and does nothing itself', async () => {
    const { pushDaily, addPolicy, run, tags } = await compose(await open())
    await pushDaily('app', ['v1', 'v2', 'v3', 'v4'])
    await pushDaily('other', ['v1', 'v2'])
    const before = await tags()
    const policyId = await addPolicy([rule('latestPushedK', 2), rule('always', 0, 'v1')])
    const dry = await run(policyId, true)
    expect(await tags()).toEqual(before)
    expect(dry.execution).toMatchObject({ status: 'succeeded', dryRun: true, trigger: 'manual' })
    const real = await run(policyId)
    expect(await tags()).toEqual(['app:v1', 'app:v3', 'app:v4', 'other:v1', 'other:v2'])
    expect(decisionsIn(real.lines)).toEqual(decisionsIn(dry.lines))
    expect(decisionsIn(real.lines).length).toBe(6)
    expect(decisionsIn(real.lines)[1]).toMatch(
      /^remove app:v2 \(sha256:[0-9a-f]{64}\): no rule keeps it: rule 1 keeps the 2 most recently pushed, which are others; rule 2 does not select it$/,
    )
    expect(real.tasks.map(({ repository, total, retained }) => ({ repository, total, retained }))).toEqual([
      { repository: 'library/other' as RepositoryName, total: 2, retained: 2 },
      { repository: 'library/app' as RepositoryName, total: 4, retained: 3 },
    ])
    const again = await run(policyId)
    expect(again.tasks.map(({ total, retained }) => [total, retained])).toEqual([
      [2, 2],
      [3, 3],
    ])
  })

  test('a repository that no rule is about is left alone, and so is everything when all rules are disabled', async () => {
    const { pushDaily, addPolicy, run, tags, retention } = await compose(await open())
    await pushDaily('app', ['v1'])
    await pushDaily('other', ['v1'])
    const onApp = { repositories: [{ pattern: 'app', excludes: false }] }
    const policyId = await addPolicy([
      rule('latestPushedK', 0, '**', onApp),
      rule('always', 0, '**', { disabled: true }),
    ])
    const ran = await run(policyId)
    expect(ran.tasks.map(({ repository }) => String(repository))).toEqual(['library/app'])
    expect(await tags()).toEqual(['other:v1'])
    const rules = [rule('latestPushedK', 0, '**', { disabled: true })]
    await retention.policies.updatePolicy(system, policyId, undefined, { rules, mode: 'artifact', cron: '' })
    expect((await run(policyId)).execution.status).toBe('succeeded')
    expect(await tags()).toEqual(['other:v1'])
  })

  test('tag by tag, an artifact loses the tags that no rule keeps and goes with the last of them', async () => {
    const { pushImage, clock, addPolicy, run, tags, digests } = await compose(await open())
    const [config, layer] = [bytes(), bytes()]
    const digest = await pushImage('library/app', 'old-1', [config, layer])
    await pushImage('library/app', 'old-2', [bytes()])
    clock.advance(40 * day)
    await pushImage('library/app', 'new-1', [config, layer])
    const policyId = await addPolicy([rule('nDaysSinceLastPush', 30)], 'tag')
    expect((await run(policyId, true)).tasks[0]).toMatchObject({ total: 3, retained: 1 })
    expect((await run(policyId)).tasks[0]).toMatchObject({ total: 3, retained: 1 })
    expect([await tags(), await digests()]).toEqual([['app:new-1'], new Set<string>([digest])])
    expect((await run(policyId)).tasks[0]).toMatchObject({ total: 1, retained: 1 })
  })

  test('an immutable tag stays, and the log says why', async () => {
    const registry = await compose(await open())
    const { pushDaily, addPolicy, run, tags } = registry
    await pushDaily('app', ['v1', 'v2'])
    await new ImmutabilityRules(registry).createRule(system, 'library', {
      disabled: false,
      priority: 0,
      tags: [{ pattern: 'v1', excludes: false }],
      repositories: [{ pattern: '**', excludes: false }],
    })
    const { lines } = await run(await addPolicy([rule('latestPushedK', 0)]))
    expect(await tags()).toEqual(['app:v1'])
    expect(lines.find((line) => line.includes('app:v1'))).toEndWith('tag v1 is immutable')
  })

  test('where a rule of immutability cannot be read, nothing is removed', async () => {
    const registry = await compose(await open())
    const { pushDaily, addPolicy, run, tags, database, projectId } = registry
    await pushDaily('app', ['v1', 'v2'])
    const broken = {
      project_id: projectId,
      disabled: 0,
      priority: 0,
      selectors: 'broken',
      created_at: 1,
      updated_at: 1,
    } as const
    await database.write(async (tx) => void (await tx.insertInto('immutability_rule').values(broken).execute()))
    const { execution } = await run(await addPolicy([rule('latestPushedK', 0)]))
    expect(execution.status).not.toBe('succeeded')
    expect(await tags()).toEqual(['app:v1', 'app:v2'])
  })

  test('an index takes its manifests along, and every artifact its signatures; what others need stays', async () => {
    const { pushBlob, push, addPolicy, run, digests, clock, database, projectId } = await compose(await open())
    const blob = async () => {
      const content = bytes()
      const digest = await pushBlob('library/app', content)
      return { mediaType: 'application/octet-stream', digest, size: content.byteLength }
    }
    const image = async (more: object = {}, reference?: Reference) => {
      const manifest = { config: await blob(), layers: [await blob()], ...more }
      const text = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType: imageType, ...manifest }))
      const digest = `sha256:${new Bun.CryptoHasher('sha256').update(text).digest('hex')}` as Digest
      return await push('app', reference ?? { kind: 'digest', digest }, manifest, imageType)
    }
    const [own, shared, tagged] = [await image(), await image(), await image({}, byTag('tagged'))]
    const index = await push('app', byTag('old'), { manifests: [own, shared, tagged] }, indexType)
    const signature = await image({ subject: index, artifactType: 'application/vnd.test.signature' })
    const ofSignature = await image({ subject: signature, artifactType: 'application/vnd.test.signature' })
    const ofOwn = await image({ subject: own, artifactType: 'application/vnd.test.signature' })
    const cosign = await image({}, byTag(`${index.digest.replace(':', '-')}.sig`))
    clock.advance(day)
    const kept = await push('app', byTag('kept'), { manifests: [shared] }, indexType)
    const keptSignature = await image({ subject: kept, artifactType: 'application/vnd.test.signature' })
    const policyId = await addPolicy([rule('always', 0, '{kept,tagged}')])
    const { tasks } = await run(policyId)
    expect(tasks[0]).toMatchObject({ total: 3, retained: 2 })
    const left = new Set([shared, tagged, kept, keptSignature].map(({ digest }) => String(digest)))
    expect(await digests()).toEqual(left)
    for (const gone of [index, own, signature, ofSignature, ofOwn, cosign]) expect(left.has(gone.digest)).toBe(false)
    expect(await usageOf(database.read, projectId)).toBe(await recountUsage(database, projectId))
  })

  test('what is pulled or tagged between the decision and its execution stays', async () => {
    const registry = await compose(await open())
    const { pushDaily, addPolicy, retention, tags, database, clock, work, resultOf } = registry
    await pushDaily('app', ['v1', 'v2', 'v3'])
    const policyId = await addPolicy([rule('latestPushedK', 1)])
    const executionId = await retention.executions.start(system, policyId, false)
    // The pull of v2 comes after the decision about it: the first removal brings it about.
    const { write } = database
    let touched = false
    database.write = async (work_, durability) => {
      const value = await write.call(database, work_, durability)
      if (!touched && !(await tags()).includes('app:v1')) {
        touched = true
        await write.call(database, async (tx) => {
          await tx.updateTable('artifact').set({ pulled_at: clock.now() }).execute()
        })
      }
      return value as never
    }
    await work()
    expect(await tags()).toEqual(['app:v2', 'app:v3'])
    const { lines, tasks } = await resultOf(policyId, executionId)
    expect(lines.findLast((line) => line.includes('app:v2'))).toMatch(/^keep .*meanwhile; the next run decides/)
    expect(tasks[0]).toMatchObject({ total: 3, retained: 2 })
  })

  test('every removal stands in the audit log', async () => {
    const { pushDaily, addPolicy, run, database } = await compose(await open())
    await pushDaily('app', ['v1', 'v2'])
    await run(await addPolicy([rule('latestPushedK', 1)]))
    const events = await database.read
      .selectFrom('event')
      .select(['type', 'resource', 'username'])
      .where('type', 'in', ['delete_artifact', 'create_retention', 'start_job'])
      .orderBy('id')
      .execute()
    expect(events.map(({ type, resource, username }) => [type, resource, username])).toEqual([
      ['create_retention', 'library', 'test'],
      ['start_job', expect.stringContaining('apply-retention'), 'test'],
      ['delete_artifact', 'library/app:v1', 'retention'],
    ])
  })

  test('where deleting is off, a run is refused, a dry run is not, and what a schedule starts fails with that reason', async () => {
    const { pushDaily, addPolicy, retention, run, tags, clock, work, resultOf } = await compose(await open(), {
      readOnly: false,
      deleteEnabled: false,
    })
    await pushDaily('app', ['v1'])
    const policyId = await addPolicy([rule('latestPushedK', 0)], 'artifact', '0 0 0 * * *')
    expect(await codeOf(retention.executions.start(system, policyId, false))).toBe('DELETE_DISABLED')
    expect((await run(policyId, true)).execution.status).toBe('succeeded')
    clock.advance(day)
    await work()
    const [latest] = (await retention.executions.listExecutions(system, policyId, { limit: 1, offset: 0 })).rows
    expect(latest).toMatchObject({ trigger: 'schedule', status: 'failed', dryRun: false })
    expect((await resultOf(policyId, latest!.id)).tasks[0]!.error).toContain('deleting is switched off')
    expect(await tags()).toEqual(['app:v1'])
  })

  test('a schedule runs the policy once for each occurrence, and not any more once it is taken away', async () => {
    const { addPolicy, retention, clock, work } = await compose(await open())
    const policyId = await addPolicy([rule('always')], 'artifact', '0 0 * * * *')
    const count = async () =>
      (await retention.executions.listExecutions(system, policyId, { limit: 9, offset: 0 })).total
    clock.advance(3_600_000)
    await work()
    expect(await count()).toBe(1)
    clock.advance(3_600_000)
    await work()
    expect(await count()).toBe(2)
    await retention.policies.updatePolicy(system, policyId, undefined, { rules: [], mode: 'artifact', cron: '' })
    clock.advance(3_600_000)
    await work()
    expect(await count()).toBe(2)
    const fields = { rules: [], mode: 'artifact', cron: 'every day' } as const
    expect(await codeOf(retention.policies.updatePolicy(system, policyId, undefined, fields))).toBe('BAD_REQUEST')
  })

  test('what is stopped before it began makes no tasks and removes nothing', async () => {
    const { pushDaily, addPolicy, retention, work, tags, resultOf } = await compose(await open())
    await pushDaily('app', ['v1'])
    const policyId = await addPolicy([rule('latestPushedK', 0)])
    const executionId = await retention.executions.start(system, policyId, false)
    await retention.executions.stop(system, policyId, executionId)
    await work()
    const { execution, tasks } = await resultOf(policyId, executionId)
    expect([execution.status, tasks, await tags()]).toEqual(['stopped', [], ['app:v1']])
  })

  test('a project has one policy, which its metadata names; a policy is gone with its schedule', async () => {
    const { addPolicy, retention, database, projectId } = await compose(await open())
    const metadata = async () =>
      await database.read
        .selectFrom('project_metadata')
        .select(['name', 'value'])
        .where('project_id', '=', projectId)
        .execute()
    const id = await addPolicy([rule('always')], 'artifact', '0 0 0 * * *')
    expect(await metadata()).toEqual([{ name: 'retention_id', value: String(id) }])
    expect(await codeOf(addPolicy([rule('always')]))).toBe('BAD_REQUEST')
    await retention.policies.deletePolicy(system, id)
    expect(await metadata()).toEqual([])
    expect(await database.read.selectFrom('job_schedule').select('name').execute()).toEqual([])
    expect(await codeOf(retention.policies.getPolicy(system, id))).toBe('RETENTION_UNKNOWN')
    expect(await codeOf(addPolicy([rule('always')]))).toBe('done')
  })
})
