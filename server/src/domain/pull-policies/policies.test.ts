import { expect, test } from 'bun:test'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composePolicyScene, refusalOf, type FoundForTest, type PushedForTest } from '#server-test/policy-scene.ts'
import { system } from '#server-test/registry-for-test.ts'
import type { DomainError } from '../errors.ts'
import { withOrigin, type RequestOrigin } from '../request-origin.ts'
import { evaluatePolicies } from './evaluate.ts'
import { PolicyAdministration } from './policy-admin.ts'
import { policyDefinition, type PolicyCondition, type PolicyDefinition } from './policy-definition.ts'
import { PullPolicies } from './pull-policies.ts'
import { RefusalLog } from './refusal-log.ts'
import type { Violation } from './verdict.ts'

const day = 24 * 60 * 60_000
const critical: FoundForTest = { id: 'CVE-2026-1', severity: 'Critical', fixVersion: '2.0.0' }
const low: FoundForTest = { id: 'CVE-2026-2', severity: 'Low' }
const exploited = { ...low, exploits: { knownExploited: { dateAdded: '2026-01-01' } } } as unknown as FoundForTest
const likely = { ...low, exploits: { epss: { probability: 0.9, percentile: 0.99 } } } as unknown as FoundForTest
const publishedAt = (time: number): FoundForTest =>
  ({ ...critical, detail: { published: new Date(time).toISOString(), cvss: {} } }) as unknown as FoundForTest

const policy = (condition: PolicyCondition, more: Partial<PolicyDefinition> = {}): PolicyDefinition =>
  policyDefinition.parse({ name: 'ours', mode: 'enforce', condition, ...more })
const holdsBack = (why: string, owner = 'project') => `the policy "ours" of the ${owner} holds this back: ${why}`

async function composeScene(open: Parameters<typeof composePolicyScene>[0]) {
  const scene = await composePolicyScene(open)
  const admin = new PolicyAdministration(scene)
  const pull = async ({ digest }: PushedForTest) => await refusalOf(scene.read('pull', { kind: 'digest', digest }))
  const exempt = async (more: object = {}, by: 'project' | 'registry' = 'project') =>
    await admin.createExemption(system, by === 'project' ? scene.projectId : undefined, {
      ...{ policy: '', repositories: '**', reason: 'mended next week', expiresAt: scene.clock.now() + day },
      ...more,
    })
  return { ...scene, admin, pull, exempt }
}

interface Case {
  readonly condition: PolicyCondition
  readonly found?: readonly FoundForTest[]
  readonly later?: number
  readonly answer: string
}

const vulnerable = holdsBack('it has 1 vulnerability that it does not let pass: CVE-2026-1')
const lowOne = holdsBack('it has 1 vulnerability that it does not let pass: CVE-2026-2')
const kind = 'vulnerabilities'
const cases: Readonly<Record<string, Case>> = {
  'scanned, and it was': { condition: { kind: 'scanned' }, found: [critical], answer: 'done' },
  'scanned, and it was not': { condition: { kind: 'scanned' }, answer: holdsBack('it was not scanned') },
  'scanned lately': { condition: { kind: 'scanned', max_age_days: 2 }, found: [], later: 2 * day - 1, answer: 'done' },
  'scanned too long ago': {
    condition: { kind: 'scanned', max_age_days: 2 },
    found: [],
    later: 2 * day,
    answer: holdsBack('its last scan is more than 2 days old'),
  },
  'vulnerable, and never scanned': { condition: { kind }, answer: holdsBack('it was not scanned') },
  clean: { condition: { kind }, found: [], answer: 'done' },
  'of any severity': { condition: { kind }, found: [low], answer: lowOne },
  'below the severity': { condition: { kind, severity: 'high' }, found: [low], answer: 'done' },
  'of the severity': { condition: { kind, severity: 'critical' }, found: [critical, low], answer: vulnerable },
  'known to be exploited': { condition: { kind, known_exploited: true }, found: [exploited, critical], answer: lowOne },
  'not known to be exploited': { condition: { kind, known_exploited: true }, found: [critical], answer: 'done' },
  'likely to be exploited': { condition: { kind, min_epss: 0.9 }, found: [likely, critical], answer: lowOne },
  'fixable only': { condition: { kind, fixable: true }, found: [critical, low], answer: vulnerable },
  'published a moment ago, with days of grace': {
    condition: { kind, grace_days: 7 },
    found: [publishedAt(1_800_000_000_000)],
    later: 7 * day - 1,
    answer: 'done',
  },
  'published before the days of grace': {
    condition: { kind, grace_days: 7 },
    found: [publishedAt(1_800_000_000_000)],
    later: 7 * day,
    answer: vulnerable,
  },
  'of unknown age, with days of grace': { condition: { kind, grace_days: 7 }, found: [critical], answer: vulnerable },
  young: { condition: { kind: 'age', max_days: 3 }, later: 3 * day - 1, answer: 'done' },
  old: {
    condition: { kind: 'age', max_days: 3 },
    later: 3 * day,
    answer: holdsBack('it was pushed more than 3 days ago'),
  },
  small: { condition: { kind: 'size', max_bytes: 10_000 }, answer: 'done' },
  'licences, and never scanned': {
    condition: { kind: 'licences', denied: ['AGPL-3.0-only'] },
    answer: holdsBack('it was not scanned, so its licences are not known'),
  },
}

describeEachDatabase('a policy', (open) => {
  test.each(Object.entries(cases))('%s, at every door', async (_, { condition, found, later, answer }) => {
    const scene = await composeScene(open)
    const it = await scene.pushOf('it')
    if (found !== undefined) await scene.report(it, found)
    await scene.admin.createPolicy(system, scene.projectId, policy(condition))
    // Before its time comes, so that a verdict which was kept has to end by itself.
    await scene.pull(it)
    scene.clock.advance(later ?? 0)
    for (const [door, leave] of Object.entries(scene.doors))
      expect([door, await refusalOf(leave('it', it.digest))]).toEqual([door, answer])
  })

  test('that is off, or only warns, or only tells the audit log, lets pass', async () => {
    const scene = await composeScene(open)
    const it = await scene.pushOf('it')
    const id = await scene.admin.createPolicy(system, scene.projectId, policy({ kind: 'scanned' }, { mode: 'off' }))
    for (const mode of ['off', 'warn', 'audit'] as const) {
      await scene.admin.updatePolicy(system, scene.projectId, id, policy({ kind: 'scanned' }, { mode }))
      expect([mode, await scene.pull(it)]).toEqual([mode, 'done'])
    }
    await scene.admin.updatePolicy(system, scene.projectId, id, policy({ kind: 'scanned' }))
    expect(await scene.pull(it)).toBe(holdsBack('it was not scanned'))
    await scene.admin.deletePolicy(system, scene.projectId, id)
    expect(await scene.pull(it)).toBe('done')
  })

  test('that only warns tells the client and the audit log, and one that only audits the audit log alone', async () => {
    const scene = await composeScene(open)
    const it = await scene.pushOf('it')
    const log = new RefusalLog({ ...scene, count: () => {} })
    const judge = new PullPolicies({ ...scene, observer: log })
    const manifest = await scene.read('read-artifact', { kind: 'digest', digest: it.digest })
    const admission = await scene.admit(system, 'pull', 'library/app' as never)
    for (const [name, mode] of Object.entries({ soft: 'warn', silent: 'audit' } as const))
      await scene.admin.createPolicy(system, scene.projectId, policy({ kind: 'scanned' }, { name, mode }))
    const origin: RequestOrigin = { ip: '', requestId: 'r' } as never
    await withOrigin(origin, async () => await judge.assertMayLeave(admission, manifest))
    expect(origin.warnings).toEqual(['the policy "soft" of the project holds this back: it was not scanned'])
    await log.flush()
    const events = scene.database.read.selectFrom('event').select('payload').where('type', '=', 'refuse_pull')
    const told = (await events.orderBy('id').execute()).map(({ payload }) => JSON.parse(payload) as object)
    expect(told).toMatchObject([
      { policy: 'soft', mode: 'warn' },
      { policy: 'silent', mode: 'audit' },
    ])
  })

  test('concerns the repositories and tags that it names, and images of an index under the tag of the index', async () => {
    const scene = await composeScene(open)
    const child = await scene.pushOf('child')
    const index = await scene.pushIndex([child])
    const create = async (more: Partial<PolicyDefinition>) =>
      await scene.admin.createPolicy(system, scene.projectId, policy({ kind: 'scanned' }, more))
    const ids = [await create({ name: 'a', repositories: 'other/**' }), await create({ name: 'b', tags: 'v*' })]
    expect([await scene.pull(child), await scene.pull(index)]).toEqual(['done', 'done'])
    for (const id of ids) await scene.admin.deletePolicy(system, scene.projectId, id)
    await create({ repositories: 'app', tags: 'ind*' })
    expect(await scene.pull(child)).toBe(holdsBack('it was not scanned'))
    expect(await scene.pull(index)).toBe(holdsBack(`its image ${child.digest} was not scanned`))
  })

  test('of the registry concerns every project, by the whole name of a repository', async () => {
    const scene = await composeScene(open)
    const it = await scene.pushOf('it')
    const definition = policy({ kind: 'scanned' }, { repositories: 'library/*' })
    await scene.admin.createPolicy(system, undefined, definition)
    expect(await scene.pull(it)).toBe(holdsBack('it was not scanned', 'registry'))
  })

  test('is exempt from for a time, whole or for one vulnerability, in what the exemption names', async () => {
    const scene = await composeScene(open)
    const it = await scene.pushOf('it')
    await scene.report(it, [critical])
    await scene.admin.createPolicy(system, scene.projectId, policy({ kind }))
    const tryWith = async (more: object) => {
      const id = await scene.exempt(more)
      const answer = await scene.pull(it)
      await scene.admin.deleteExemption(system, scene.projectId, id)
      return answer
    }
    for (const more of [
      {},
      { policy: 'ours' },
      { digest: it.digest },
      { vulnerability: 'CVE-2026-1' },
      { repositories: 'a*' },
    ])
      expect([more, await tryWith(more)]).toEqual([more, 'done'])
    for (const more of [
      { policy: 'another' },
      { digest: `sha256:${'0'.repeat(64)}` },
      { vulnerability: 'CVE-2026-9' },
      { repositories: 'b*' },
    ])
      expect([more, await tryWith(more)]).toEqual([more, vulnerable])
    expect(await scene.pull(it)).toBe(vulnerable)
    await scene.exempt()
    expect(await scene.pull(it)).toBe('done')
    scene.clock.advance(day)
    expect(await scene.pull(it)).toBe(vulnerable)
  })

  test('of the registry is exempt from by the registry alone; Harbor’s key by both', async () => {
    const scene = await composeScene(open)
    const it = await scene.pushOf('it')
    await scene.admin.createPolicy(system, undefined, policy({ kind: 'scanned' }))
    await scene.exempt()
    expect(await scene.pull(it)).toBe(holdsBack('it was not scanned', 'registry'))
    await scene.exempt({}, 'registry')
    expect(await scene.pull(it)).toBe('done')
    await scene.set({ prevent_vul: 'true', severity: 'high' })
    expect(await scene.pull(it)).toBe('done')
  })

  test('a vulnerability is exempted from prevent_vul by the allowlist alone, and that is said', async () => {
    const scene = await composeScene(open)
    const exempt = scene.exempt({ policy: 'prevent_vul', vulnerability: 'CVE-2026-1' })
    await expect(exempt).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })

  test('an exemption ends within a year', async () => {
    const scene = await composeScene(open)
    for (const expiresAt of [scene.clock.now(), scene.clock.now() + 367 * day])
      await expect(scene.exempt({ expiresAt })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })

  test('what would be held back is told beforehand, by what is set and by a draft, and nothing is changed', async () => {
    const scene = await composeScene(open)
    const [clean, bad] = [await scene.pushOf('clean'), await scene.pushOf('bad')]
    await scene.report(clean)
    await scene.report(bad, [critical])
    const evaluate = async (draft?: PolicyDefinition) => {
      const found = await evaluatePolicies(scene, system, { projectId: scene.projectId, draft, after: 0 })
      return found.held.map(({ tags, violations }) => [tags, violations.map(({ cause }) => cause)])
    }
    expect(await evaluate()).toEqual([])
    expect(await evaluate(policy({ kind }, { mode: 'off' }))).toEqual([[['bad'], ['vulnerable']]])
    expect(await scene.pull(bad)).toBe('done')
    await scene.set({ prevent_vul: 'true', severity: 'high' })
    expect(await evaluate()).toEqual([[['bad'], ['vulnerable']]])
  })

  test('is evaluated for every project at once by administrators alone, each project by its own policies', async () => {
    const scene = await composeScene(open)
    const { digest } = await scene.pushOf('it')
    await scene.doors['a copy to another project']!('it', digest)
    const evaluate = async (draft?: PolicyDefinition, after = 0) => {
      const found = await evaluatePolicies(scene, system, { projectId: undefined, isOfRegistry: true, draft, after })
      return { judged: found.judged, held: found.held.map(({ repository }) => repository as string), next: found.next }
    }
    expect(await evaluate()).toEqual({ judged: 2, held: [], next: undefined })
    await scene.admin.createPolicy(system, scene.projectId, policy({ kind: 'scanned' }))
    expect(await evaluate()).toEqual({ judged: 2, held: ['library/app'], next: undefined })
    const drafted = policy({ kind: 'scanned' }, { repositories: 'other/**' })
    expect((await evaluate(drafted)).held).toEqual(['other/app'])
    const rows = scene.database.read.selectFrom('artifact').select('id').orderBy('id')
    const [first] = await rows.execute()
    expect(await evaluate(policy({ kind: 'scanned' }), first!.id)).toMatchObject({ judged: 1, held: ['other/app'] })
    const anybody = evaluatePolicies(scene, { kind: 'anonymous' } as never, { projectId: undefined, after: 0 })
    expect(await anybody.catch((error: DomainError) => error.code)).toBe('UNAUTHENTICATED')
  })

  test('the audit log is told once an hour of a client that tries again and again', async () => {
    const scene = await composeScene(open)
    const it = await scene.pushOf('it')
    await scene.admin.createPolicy(system, scene.projectId, policy({ kind: 'scanned' }))
    const counted: string[] = []
    const log = new RefusalLog({ ...scene, count: (mode, cause) => counted.push(`${mode} ${cause}`) })
    const seen: Violation[] = []
    const observer = {
      onViolation: (...told: Parameters<RefusalLog['onViolation']>) => {
        seen.push(told[2])
        log.onViolation(...told)
      },
    }
    const judge = new PullPolicies({ ...scene, observer })
    const manifest = await scene.read('read-artifact', { kind: 'digest', digest: it.digest })
    const admission = await scene.admit(system, 'pull', 'library/app' as never)
    const rows = async () => {
      await log.flush()
      const found = scene.database.read.selectFrom('event').select('payload').where('type', '=', 'refuse_pull')
      return (await found.execute()).length
    }
    for (let round = 0; round < 5; round++) await refusalOf(judge.assertMayLeave(admission, manifest))
    expect([await rows(), counted.length]).toEqual([1, 5])
    scene.clock.advance(60 * 60_000)
    await refusalOf(judge.assertMayLeave(admission, manifest))
    expect(await rows()).toBe(2)
    expect(seen[0]).toMatchObject({ policy: 'ours', mode: 'enforce', cause: 'unscanned' })
  })
})
