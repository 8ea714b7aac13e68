import { expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import { composeAccessForTest, password, system } from '#server-test/access.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import type { Actor } from '../access/actor.ts'
import { Jobs } from '../jobs/jobs.ts'
import { Labels } from '../labels/labels.ts'
import { Quotas } from '../quotas/quotas.ts'
import { RetentionExecutions } from '../retention/executions.ts'
import { RetentionPolicies } from '../retention/policies.ts'
import { ImmutabilityRules } from './immutability.ts'

const selector = (pattern: string) => ({ excludes: false, pattern })
const rule = { disabled: false, priority: 0, tags: [selector('**')], repositories: [selector('**')] }
const fields = { name: 'a', description: '', color: '' }
const retention = { rules: [], mode: 'artifact', cron: '' } as never

describeEachDatabase('an account that was deleted while its request was on the way', (open) => {
  test('changes no label, rule, quota or retention policy any more', async () => {
    const access = composeAccessForTest(await open())
    const { database, clock, events, users, projects } = access
    const services = { database, clock, events }
    const jobs = new Jobs(services)
    const [labels, rules, quotas] = [new Labels(services), new ImmutabilityRules(services), new Quotas(services)]
    const policies = new RetentionPolicies(services)
    const settings = { readOnly: false, deleteEnabled: true }
    const executions = new RetentionExecutions({ ...services, policies, jobs, settings } as never)
    const { id } = await users.createUser(system, { username: 'ada', password } as never)
    const { id: projectId } = await projects.createProject(system, { name: 'p', isPublic: true } as never)
    const label = await labels.createLabel(system, projectId, { ...fields, name: 'b' })
    const artifact = { id: 1, projectId, repository: 'p/app', digest: `sha256:${'a'.repeat(64)}` as Digest }
    const ruleId = await rules.createRule(system, 'p', rule)
    const policyId = await policies.createPolicy(system, projectId, retention)
    // As it was when the request began.
    const ada: Actor = { kind: 'user', id, username: 'ada', admin: true }
    await users.deleteUser(system, 'ada')

    const attempts: Record<string, () => Promise<unknown>> = {
      createLabel: () => labels.createLabel(ada, projectId, fields),
      'createLabel of the registry': () => labels.createLabel(ada, undefined, fields),
      updateLabel: () => labels.updateLabel(ada, label, fields),
      deleteLabel: () => labels.deleteLabel(ada, label),
      addToArtifact: () => labels.addToArtifact(ada, artifact, label),
      removeFromArtifact: () => labels.removeFromArtifact(ada, artifact, label),
      createRule: () => rules.createRule(ada, 'p', { ...rule, priority: 1, tags: [selector('v*')] }),
      updateRule: () => rules.updateRule(ada, 'p', ruleId, rule),
      deleteRule: () => rules.deleteRule(ada, 'p', ruleId),
      setLimit: () => quotas.setLimit(ada, projectId, 1_000),
      createPolicy: () => policies.createPolicy(ada, projectId, retention),
      updatePolicy: () => policies.updatePolicy(ada, policyId, projectId, retention),
      deletePolicy: () => policies.deletePolicy(ada, policyId),
      'start a run': () => executions.start(ada, policyId, true),
    }
    for (const [name, attempt] of Object.entries(attempts)) {
      const code = await attempt().then(
        () => 'done',
        (error: { code?: string }) => error.code ?? String(error),
      )
      expect([name, code]).toEqual([name, 'UNAUTHENTICATED'])
    }
  })
})
