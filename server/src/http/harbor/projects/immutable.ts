import { z } from 'zod'
import type { ImmutabilityRule, RuleFields } from '../../../domain/policies/immutability.ts'
import { DomainError } from '../../../domain/errors.ts'
import { createdAt, idParam, orAbsent } from '../frame/answers.ts'
import { pageHeaders, pageOf, pageQuery } from '../frame/paging.ts'
import { parseSelectors, presentSelector, ruleBody, selectorAnswer } from './selectors.ts'
import { route, type Route } from '../frame/route.ts'

const ruleAnswer = z.object({
  id: z.number().int(),
  priority: z.number().int().optional(),
  disabled: z.boolean().optional(),
  action: z.string(),
  template: z.string(),
  params: z.record(z.string(), z.unknown()).optional(),
  tag_selectors: z.array(selectorAnswer),
  scope_selectors: z.record(z.string(), z.array(selectorAnswer)),
})

const collection = '/projects/{project_name_or_id}/immutabletagrules'
const item = `${collection}/{immutable_rule_id}`
const oneRule = z.object({ immutable_rule_id: idParam })

export const immutableRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag: 'immutable',
    operationId: 'ListImmuRules',
    summary: 'Which tags of a project stay where they are.',
    access: { kind: 'project', permission: 'immutable-tag:list' },
    query: z.object({ ...pageQuery, q: z.string().optional(), sort: z.string().optional() }),
    answers: { 200: z.array(ruleAnswer) },
    handle: async (call, { immutabilityRules }) => {
      const all = await immutabilityRules.listRules(call.actor, call.project!.project.name)
      const { offset, limit } = pageOf(call.query)
      const page = all.slice(offset, offset + limit)
      return { body: page.map(presentRule), headers: pageHeaders(call, all.length) }
    },
  }),

  route({
    method: 'POST',
    path: collection,
    tag: 'immutable',
    operationId: 'CreateImmuRule',
    summary: 'Makes tags immutable.',
    access: { kind: 'project', permission: 'immutable-tag:create' },
    body: ruleBody,
    answers: { 201: null },
    handle: async ({ actor, project, body, path }, { immutabilityRules }) =>
      createdAt(path, await immutabilityRules.createRule(actor, project!.project.name, fieldsOf(body))),
  }),

  route({
    method: 'PUT',
    path: item,
    tag: 'immutable',
    operationId: 'UpdateImmuRule',
    summary: 'Changes a rule, or switches it on and off.',
    access: { kind: 'project', permission: 'immutable-tag:update' },
    params: oneRule,
    body: ruleBody,
    answers: { 200: null },
    handle: async ({ actor, project, params, body }, { immutabilityRules }) => {
      const { name } = project!.project
      const { immutable_rule_id: id } = params
      if (body.id && body.id !== id)
        throw new DomainError(
          'BAD_REQUEST',
          "the immutable_rule_id doesn't match the id in the payload body of ImmutableRule",
        )
      // As in Harbor, a rule that is not there is said before what is wrong with the new one.
      await immutabilityRules.assertRule(actor, name, id, 'immutable-tag:update')
      await immutabilityRules.updateRule(actor, name, id, fieldsOf(body))
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: item,
    tag: 'immutable',
    operationId: 'DeleteImmuRule',
    summary: 'Deletes a rule; its tags may move again.',
    access: { kind: 'project', permission: 'immutable-tag:delete' },
    params: oneRule,
    answers: { 200: null },
    handle: async ({ actor, project, params }, { immutabilityRules }) => {
      await immutabilityRules.deleteRule(actor, project!.project.name, params.immutable_rule_id)
      return {}
    },
  }),
]

function fieldsOf(body: z.output<typeof ruleBody>): RuleFields {
  const { repository = [], ...others } = body.scope_selectors ?? {}
  if (Object.keys(others).length > 0)
    throw new DomainError('BAD_REQUEST', 'scope_selectors has repository and nothing else')
  return {
    disabled: body.disabled ?? false,
    priority: body.priority ?? 0,
    tags: parseSelectors(body.tag_selectors ?? [], { matches: 'matches', excludes: 'excludes' }),
    repositories: parseSelectors(repository, { matches: 'repoMatches', excludes: 'repoExcludes' }),
  }
}

function presentRule(rule: ImmutabilityRule): z.output<typeof ruleAnswer> {
  return {
    id: rule.id,
    priority: orAbsent(rule.priority),
    disabled: orAbsent(rule.disabled),
    action: 'immutable',
    template: 'immutable_template',
    tag_selectors: rule.tags.map((selector) => presentSelector(selector, { matches: 'matches', excludes: 'excludes' })),
    scope_selectors: {
      repository: rule.repositories.map((selector) =>
        presentSelector(selector, { matches: 'repoMatches', excludes: 'repoExcludes' }),
      ),
    },
  }
}
