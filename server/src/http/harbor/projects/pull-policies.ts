import { z } from 'zod'
import { evaluatePolicies, type Evaluation } from '../../../domain/pull-policies/evaluate.ts'
import { judgeArtifact } from '../../../domain/pull-policies/judge-artifact.ts'
import type { Exemption } from '../../../domain/pull-policies/exemptions.ts'
import { policyCondition, policyDefinition, policyModes } from '../../../domain/pull-policies/policy-definition.ts'
import type { StoredPolicy } from '../../../domain/pull-policies/policy-rows.ts'
import { findHeld } from '../../../domain/quarantine/held-artifacts.ts'
import { causes, type Violation } from '../../../domain/pull-policies/verdict.ts'
import { createdAt, idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { artifactParams, findArtifact } from '../content/artifacts.ts'
import { repositoryNameOf } from '../content/repositories.ts'
import { route, type Route, type RouteAccess } from '../frame/route.ts'
import { heldAnswer, presentHeld } from './quarantine.ts'

const policyAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  mode: z.enum(policyModes),
  repositories: z.string(),
  tags: z.string(),
  condition: policyCondition,
  username: z.string(),
  update_time: timeAnswer,
})

const exemptionBody = z.strictObject({
  policy: z.string().max(64).default('').describe('Name of a policy, or `prevent_vul`; empty: all.'),
  repositories: z.string().min(1).max(1_024).default('**'),
  digest: z
    .string()
    .regex(/^sha256:[a-f0-9]{64}$/)
    .optional(),
  vulnerability: z.string().min(1).max(255).optional().describe('Then it exempts from this one alone.'),
  reason: z.string().trim().min(1).max(1_024),
  expires_at: z.iso.datetime({ offset: true }),
})

const exemptionAnswer = z.object({
  id: z.number().int(),
  policy: z.string(),
  repositories: z.string(),
  digest: z.string().optional(),
  vulnerability: z.string().optional(),
  reason: z.string(),
  username: z.string(),
  creation_time: timeAnswer,
  expires_at: timeAnswer,
})

const violationAnswer = z.object({
  policy: z.string(),
  mode: z.enum(policyModes),
  cause: z.enum(causes),
  message: z.string(),
  detail: z.record(z.string(), z.unknown()),
})

const evaluationAnswer = z.object({
  judged: z.number().int(),
  held: z.array(
    z.object({
      repository: z.string(),
      digest: z.string(),
      tags: z.array(z.string()),
      violations: z.array(violationAnswer),
    }),
  ),
  next: z.number().int().optional().describe('To go on: `after` of the next request.'),
})

const judgementAnswer = z.object({
  policies: z.array(
    z.object({
      policy: z.string(),
      owner: z.enum(['project', 'registry', 'harbor']).describe('harbor: a switch of the project by its key.'),
      mode: z.enum(policyModes),
      violation: violationAnswer.optional().describe('Not there: the policy lets the artifact pass.'),
    }),
  ),
  exemptions: z.array(exemptionAnswer),
  quarantine: heldAnswer.optional().describe('Not there: it is not held since its push.'),
})

const project = '/projects/{project_name_or_id}'
const artifact = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
const onePolicy = z.object({ policy_id: idParam })
const oneExemption = z.object({ exemption_id: idParam })
const tag = 'policy'

interface Place {
  readonly prefix: string
  /** In sentences. */
  readonly owner: string
  /** Of the ids of operations. */
  readonly suffix: string
  readonly read: RouteAccess
  readonly change: RouteAccess
}

const ofProject: Place = {
  ...{ prefix: project, owner: 'a project', suffix: 'OfProject' },
  read: { kind: 'project', permission: 'configuration:read' },
  change: { kind: 'project', permission: 'configuration:update' },
}

const ofRegistry: Place = {
  ...{ prefix: '/system', owner: 'all projects', suffix: 'OfRegistry' },
  read: { kind: 'security-administrator' },
  change: { kind: 'security-administrator' },
}

/** The same operations for a project, and for the registry, which has no id. */
const routesOf = ({ prefix, owner, suffix, read, change }: Place): readonly Route[] => [
  route({
    ...{ method: 'GET', path: `${prefix}/policies`, tag, operationId: `listPullPolicies${suffix}`, access: read },
    summary: `What must be true of what is pulled from ${owner}.`,
    answers: { 200: z.array(policyAnswer) },
    handle: async (call, { policies }) => ({
      body: (await policies.listPolicies(call.actor, call.project?.project.id)).map(presentPolicy),
    }),
  }),
  route({
    ...{ method: 'POST', path: `${prefix}/policies`, tag, operationId: `createPullPolicy${suffix}`, access: change },
    summary: `Adds a policy to ${owner}.`,
    body: policyDefinition,
    answers: { 201: null },
    handle: async (call, { policies }) =>
      createdAt(call.path, await policies.createPolicy(call.actor, call.project?.project.id, call.body)),
  }),
  route({
    ...{ method: 'PUT', path: `${prefix}/policies/{policy_id}`, tag, operationId: `updatePullPolicy${suffix}` },
    summary: `Changes a policy of ${owner}.`,
    access: change,
    params: onePolicy,
    body: policyDefinition,
    answers: { 200: null },
    handle: async (call, { policies }) => {
      await policies.updatePolicy(call.actor, call.project?.project.id, call.params.policy_id, call.body)
      return {}
    },
  }),
  route({
    ...{ method: 'DELETE', path: `${prefix}/policies/{policy_id}`, tag, operationId: `deletePullPolicy${suffix}` },
    summary: `Takes a policy away.`,
    access: change,
    params: onePolicy,
    answers: { 200: null },
    handle: async (call, { policies }) => {
      await policies.deletePolicy(call.actor, call.project?.project.id, call.params.policy_id)
      return {}
    },
  }),
  route({
    ...{ method: 'GET', path: `${prefix}/policy-exemptions`, tag, operationId: `listPolicyExemptions${suffix}` },
    summary: `What policies of ${owner} let pass for a time, and who answers for it.`,
    access: read,
    answers: { 200: z.array(exemptionAnswer) },
    handle: async (call, { policies }) => ({
      body: (await policies.listExemptions(call.actor, call.project?.project.id)).map(presentExemption),
    }),
  }),
  route({
    ...{ method: 'POST', path: `${prefix}/policy-exemptions`, tag, operationId: `createPolicyExemption${suffix}` },
    summary: `Exempts from policies of ${owner}, with a reason and until a time.`,
    access: change,
    body: exemptionBody,
    answers: { 201: null },
    handle: async (call, { policies }) => {
      const { expires_at: end, ...rest } = call.body
      const exemption = { ...rest, expiresAt: Date.parse(end) }
      return createdAt(call.path, await policies.createExemption(call.actor, call.project?.project.id, exemption))
    },
  }),
  route({
    ...{ method: 'DELETE', path: `${prefix}/policy-exemptions/{exemption_id}`, tag },
    operationId: `deletePolicyExemption${suffix}`,
    summary: `Ends an exemption.`,
    access: change,
    params: oneExemption,
    answers: { 200: null },
    handle: async (call, { policies }) => {
      await policies.deleteExemption(call.actor, call.project?.project.id, call.params.exemption_id)
      return {}
    },
  }),
]

const evaluationBody = z.strictObject({
  draft: policyDefinition.optional().describe('Judged alone, in place of the policies that are set.'),
  after: z.number().int().min(0).default(0),
})

const presentEvaluation = ({ judged, held, next }: Evaluation): z.output<typeof evaluationAnswer> => ({
  judged,
  held: held.map((each) => ({ ...each, tags: [...each.tags], violations: each.violations.map(presentViolation) })),
  ...(next === undefined ? {} : { next }),
})

const evaluations: readonly Route[] = [
  route({
    ...{ method: 'POST', path: `${project}/policies/evaluate`, tag, operationId: 'evaluatePullPolicies' },
    summary: 'What would be held back now, and why; nothing is changed.',
    access: ofProject.read,
    body: evaluationBody.extend({
      of_registry: z
        .boolean()
        .default(false)
        .describe('The draft is of the registry: its repositories begin with the name of the project.'),
    }),
    answers: { 200: evaluationAnswer },
    handle: async (call, services) => {
      const { draft, after, of_registry: isOfRegistry } = call.body
      const asked = { projectId: call.project!.project.id, draft, isOfRegistry, after }
      return { body: presentEvaluation(await evaluatePolicies(services, call.actor, asked)) }
    },
  }),
  route({
    ...{ method: 'POST', path: '/system/policies/evaluate', tag, operationId: 'evaluatePullPoliciesOfRegistry' },
    summary: 'What would be held back now in any project, and why; nothing is changed.',
    access: ofRegistry.read,
    body: evaluationBody,
    answers: { 200: evaluationAnswer },
    handle: async (call, services) => {
      const asked = { projectId: undefined, isOfRegistry: true, ...call.body }
      return { body: presentEvaluation(await evaluatePolicies(services, call.actor, asked)) }
    },
  }),
]

const judgement: Route = route({
  ...{ method: 'GET', path: `${artifact}/policies`, tag, operationId: 'judgeArtifactByPolicies' },
  summary: 'What each policy says of an artifact now, and what it is exempt from.',
  access: ofProject.read,
  params: artifactParams,
  answers: { 200: judgementAnswer },
  handle: async (call, services) => {
    const { repositoryId, digest } = await findArtifact(services, call)
    const place = { projectId: call.project!.project.id, repositoryId, repository: repositoryNameOf(call) }
    const { database, clock } = services
    const { opinions, exemptions } = await judgeArtifact(database.read, place, digest, clock.now())
    const policies = opinions.map(({ violation, ...opinion }) => ({
      ...opinion,
      ...(violation === undefined ? {} : { violation: presentViolation(violation) }),
    }))
    const held = await findHeld(database.read, repositoryId, digest)
    const quarantine = held === undefined ? {} : { quarantine: presentHeld(held) }
    return { body: { policies, exemptions: exemptions.map(presentExemption), ...quarantine } }
  },
})

export const pullPolicyRoutes: readonly Route[] = [
  ...routesOf(ofProject),
  ...evaluations,
  judgement,
  ...routesOf(ofRegistry),
]

const presentPolicy = (policy: StoredPolicy): z.output<typeof policyAnswer> => {
  const { id, name, mode, repositories, tags, condition, username, updatedAt } = policy
  return { id, name, mode, repositories, tags, condition, username, update_time: timeOf(updatedAt) }
}

const presentExemption = (exemption: Exemption): z.output<typeof exemptionAnswer> => {
  const { id, policy, repositories, reason, username, createdAt: made, expiresAt, digest, vulnerability } = exemption
  return {
    ...{ id, policy, repositories, reason, username },
    ...(digest === undefined ? {} : { digest }),
    ...(vulnerability === undefined ? {} : { vulnerability }),
    creation_time: timeOf(made),
    expires_at: timeOf(expiresAt),
  }
}

const presentViolation = ({ policy, mode, cause, message, detail }: Violation): z.output<typeof violationAnswer> => ({
  ...{ policy, mode, cause, message, detail },
})
