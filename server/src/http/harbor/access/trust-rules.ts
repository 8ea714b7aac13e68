import { z } from 'zod'
import { createdAt, idParam, timeAnswer, timeOf } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const ruleAnswer = z.object({
  id: z.number().int(),
  issuer: z.string(),
  audience: z.string(),
  claims: z.record(z.string(), z.string()),
  ca_certificate: z.string().optional(),
  creation_time: timeAnswer,
})

/** Strict: a word that is passed over might have narrowed who is trusted. */
const ruleBody = z.strictObject({
  issuer: z.string().default(''),
  audience: z.string().default(''),
  claims: z.record(z.string().max(255), z.string().max(1_024)).default({}),
  ca_certificate: z.string().max(65_536).nullish(),
})

const ofRobot = z.object({ robot_id: idParam })
const collection = '/robots/{robot_id}/trust-rules'
const why = 'who may see the robot sees its rules; who may change it changes them'

/** Beyond Harbor: tokens of CI services and clusters that stand for a robot's secret. */
export const trustRuleRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'trust rule',
    operationId: 'listTrustRules',
    summary: 'Whose tokens stand for the secret of a robot.',
    access: { kind: 'own-rule', why },
    params: ofRobot,
    answers: { 200: z.array(ruleAnswer) },
    handle: async ({ actor, params }, { trustRules }) => ({
      body: (await trustRules.listRules(actor, params.robot_id)).map((rule) => ({
        id: rule.id,
        issuer: rule.issuer,
        audience: rule.audience,
        claims: { ...rule.claims },
        ca_certificate: rule.authority,
        creation_time: timeOf(rule.createdAt),
      })),
    }),
  }),

  route({
    method: 'POST',
    path: collection,
    tag: 'trust rule',
    operationId: 'createTrustRule',
    summary: 'Lets tokens of an issuer stand for the secret of a robot.',
    access: { kind: 'own-rule', why },
    params: ofRobot,
    body: ruleBody,
    answers: { 201: null },
    handle: async ({ actor, params, body, path }, { trustRules }) => {
      const { ca_certificate: authority, ...rule } = body
      const id = await trustRules.createRule(actor, params.robot_id, { ...rule, authority: authority ?? undefined })
      return createdAt(path, id)
    },
  }),

  route({
    method: 'DELETE',
    path: `${collection}/{rule_id}`,
    tag: 'trust rule',
    operationId: 'deleteTrustRule',
    summary: 'Ends that.',
    access: { kind: 'own-rule', why },
    params: ofRobot.extend({ rule_id: idParam }),
    answers: { 200: null },
    handle: async ({ actor, params }, { trustRules }) => {
      await trustRules.deleteRule(actor, params.robot_id, params.rule_id)
      return {}
    },
  }),
]
