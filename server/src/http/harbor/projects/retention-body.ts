import { budgets, parseForeignJson } from '#contract/budget.ts'
import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'
import type { RetentionFields, RetentionPolicy } from '../../../domain/retention/policies.ts'
import { templates, type RetentionRule, type TagSelector, type Template } from '../../../domain/retention/rules.ts'
import { orAbsent } from '../frame/answers.ts'
import { parseSelectors, presentSelector, ruleBody, selectorAnswer } from './selectors.ts'

const modes = z.enum(['artifact', 'tag'])
const anything = z.record(z.string(), z.unknown())

export const policyBody = z.object({
  id: z.number().int().nullish(),
  algorithm: z.string().nullish(),
  rules: z.array(ruleBody).max(100).nullish(),
  trigger: z
    .object({ kind: z.string().nullish(), settings: anything.nullish(), references: anything.nullish() })
    .nullish(),
  scope: z.object({ level: z.string().nullish(), ref: z.number().int().nullish() }).nullish(),
  mode: modes.nullish().describe('Beyond Harbor: `tag` looks at each tag by itself. `artifact` when left out.'),
})

export const policyAnswer = z.object({
  id: z.number().int(),
  algorithm: z.string(),
  rules: z.array(
    z.object({
      id: z.number().int().optional(),
      priority: z.number().int().optional(),
      disabled: z.boolean().optional(),
      action: z.string(),
      template: z.string(),
      params: anything.optional(),
      tag_selectors: z.array(selectorAnswer),
      scope_selectors: z.record(z.string(), z.array(selectorAnswer)),
    }),
  ),
  trigger: z.object({ kind: z.string(), settings: anything, references: anything }),
  scope: z.object({ level: z.string(), ref: z.number().int() }),
  mode: modes,
})

const ofTags = { matches: 'matches', excludes: 'excludes' }
const ofRepositories = { matches: 'repoMatches', excludes: 'repoExcludes' }

/** @throws DomainError BAD_REQUEST */
export function parsePolicy({
  algorithm,
  rules,
  trigger,
  scope,
  mode,
}: z.output<typeof policyBody>): RetentionFields & { readonly projectId: number | undefined } {
  if (algorithm && algorithm !== 'or') throw new DomainError('BAD_REQUEST', 'the algorithm is or: one rule is enough')
  const kind = trigger?.kind ?? ''
  if (kind !== '' && kind !== 'Schedule')
    throw new DomainError('BAD_REQUEST', `not support Trigger ${kind.slice(0, 100)}`)
  const cron = trigger?.settings?.['cron'] ?? ''
  if (typeof cron !== 'string') throw new DomainError('BAD_REQUEST', 'trigger.settings.cron is text: 0 0 3 * * *')
  if (scope?.level && scope.level !== 'project')
    throw new DomainError('BAD_REQUEST', `scope ${scope.level.slice(0, 100)} is not support`)
  return {
    rules: (rules ?? []).map(parseRule),
    mode: mode ?? 'artifact',
    cron: cron.trim(),
    projectId: scope?.ref ?? undefined,
  }
}

function parseRule(body: z.output<typeof ruleBody>): RetentionRule {
  const { repository = [], ...others } = body.scope_selectors ?? {}
  if (Object.keys(others).length > 0)
    throw new DomainError('BAD_REQUEST', 'scope_selectors has repository and nothing else')
  if (body.action && body.action !== 'retain') throw new DomainError('BAD_REQUEST', 'the action of a rule is retain')
  const template = templates.find((name) => name === body.template)
  if (template === undefined)
    throw new DomainError('BAD_REQUEST', `the template of a rule is one of ${templates.join(', ')}`)
  const tagBodies = body.tag_selectors ?? []
  return {
    id: body.id ?? 0,
    priority: body.priority ?? 0,
    disabled: body.disabled ?? false,
    template,
    value: valueOf(template, body.params ?? {}),
    tags: parseSelectors(tagBodies, ofTags).map((selector, at) => ({
      ...selector,
      pattern: selector.pattern || '**',
      untagged: passesUntagged(selector.excludes, tagBodies[at]!.extras),
    })),
    repositories: parseSelectors(repository, ofRepositories).map((selector) => ({
      ...selector,
      pattern: selector.pattern || '**',
    })),
  }
}

function valueOf(template: Template, params: Readonly<Record<string, unknown>>): number {
  if (template === 'always') return 0
  const value = params[template]
  if (value === undefined || value === null)
    throw new DomainError('BAD_REQUEST', `missing required parameter ${template} for rule ${template}`)
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : typeof value === 'number' ? value : NaN
}

/** Harbor's `extras`: `{"untagged":true}` says which ones the pattern stands for; without it, those without a tag pass. */
function passesUntagged(excludes: boolean, extras: string | null | undefined): boolean {
  const untagged = untaggedOf(extras)
  if (untagged === undefined) return true
  return untagged !== excludes
}

function untaggedOf(extras: string | null | undefined): boolean | undefined {
  if (!extras) return undefined
  try {
    const { untagged } = parseForeignJson(extras, budgets.fragment) as { untagged?: unknown }
    return untagged === true
  } catch {
    return undefined // as in Harbor
  }
}

export function presentPolicy(policy: RetentionPolicy): z.output<typeof policyAnswer> {
  return {
    id: policy.id,
    algorithm: 'or',
    rules: policy.rules.map(presentRule),
    trigger: { kind: 'Schedule', settings: { cron: policy.cron }, references: {} },
    scope: { level: 'project', ref: policy.projectId },
    mode: policy.mode,
  }
}

function presentRule({ template, value, tags, repositories, ...rule }: RetentionRule) {
  return {
    id: orAbsent(rule.id),
    priority: orAbsent(rule.priority),
    disabled: orAbsent(rule.disabled),
    action: 'retain',
    template,
    ...(template === 'always' ? {} : { params: { [template]: value } }),
    tag_selectors: tags.map(presentTagSelector),
    scope_selectors: { repository: repositories.map((selector) => presentSelector(selector, ofRepositories)) },
  }
}

function presentTagSelector(selector: TagSelector): z.output<typeof selectorAnswer> {
  const untagged = selector.untagged !== selector.excludes
  return { ...presentSelector(selector, ofTags), extras: JSON.stringify({ untagged }) }
}
