import { z } from 'zod'
import { ContractError } from '#contract/contract-error.ts'
import { DomainError } from '../errors.ts'
import { assertPatterns } from '../policies/selectors.ts'
import { signatureMethods } from '../signatures/verdicts.ts'
import { readDenied } from './licence-expression.ts'

/** `warn` tells the client, `audit` the audit log alone; both let pass. */
export const policyModes = ['off', 'warn', 'audit', 'enforce'] as const

export type PolicyMode = (typeof policyModes)[number]
export type ActiveMode = Exclude<PolicyMode, 'off'>

export const severityNames = ['low', 'medium', 'high', 'critical'] as const

/** What must be true of a manifest. Strict: a word that is passed over might have narrowed what passes. */
export const policyCondition = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('scanned'),
    max_age_days: z.number().int().min(1).max(3_650).optional().describe('Older reports count for nothing.'),
    complete: z.boolean().optional().describe('Also refuses images of which a part could not be judged.'),
  }),
  z.strictObject({
    kind: z.literal('vulnerabilities'),
    severity: z.enum(severityNames).optional().describe('From this one on; without it, of any severity.'),
    known_exploited: z.boolean().optional().describe('Only those that are known to be exploited (KEV).'),
    min_epss: z.number().min(0).max(1).optional().describe('Only those at least so likely to be exploited (EPSS).'),
    fixable: z.boolean().optional().describe('Only those that a newer version mends.'),
    grace_days: z.number().int().min(1).max(365).optional().describe('Not in the first days after publication.'),
  }),
  z.strictObject({
    kind: z.literal('signed'),
    method: z.enum(signatureMethods).optional().describe('Without it, either counts.'),
    signers: z
      .array(z.string().min(1).max(128))
      .min(1)
      .max(20)
      .optional()
      .describe('Names; without them, anybody trusted.'),
    match: z.enum(['any', 'all']).optional().describe('How many of the signers: `any` is one of them.'),
  }),
  z.strictObject({
    kind: z.literal('licences'),
    denied: z.array(z.string().min(1).max(100)).min(1).max(100).describe('SPDX ids, such as `AGPL-3.0-only`.'),
    unreadable: z
      .enum(['refuse', 'pass'])
      .optional()
      .describe('What is no SPDX expression: refused, or looked through for the names alone.'),
  }),
  z.strictObject({
    kind: z.literal('age'),
    max_days: z.number().int().min(1).max(3_650).describe('Since it was pushed.'),
  }),
  z.strictObject({
    kind: z.literal('size'),
    max_bytes: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).describe('Of an image, layers and all.'),
  }),
])

export type PolicyCondition = z.infer<typeof policyCondition>

const pattern = z.string().min(1).max(1_024)

export const policyDefinition = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/, 'has 1 to 64 letters, digits, blanks and . _ -'),
  mode: z.enum(policyModes),
  repositories: pattern
    .default('**')
    .describe('Doublestar; without the name of the project, but with it in policies of the registry.'),
  tags: pattern.default('**').describe('Doublestar; ** includes what has no tag. Images of an index have its tags.'),
  condition: policyCondition,
})

export type PolicyDefinition = z.infer<typeof policyDefinition>

export interface PullPolicy extends PolicyDefinition {
  readonly id: number
  /** Undefined: of the registry. */
  readonly projectId: number | undefined
}

/** Policies of Harbor, which a project sets by these keys of its metadata. */
export const harborKeys: readonly string[] = ['prevent_vul', 'enable_content_trust', 'enable_content_trust_cosign']

/** @throws DomainError BAD_REQUEST for what no schema tells */
export function assertDefinition({ name, repositories, tags, condition }: PolicyDefinition): void {
  const unread =
    condition.kind === 'licences' ? condition.denied.find((text) => readDenied(text) === undefined) : undefined
  if (unread !== undefined)
    throw new DomainError('BAD_REQUEST', `${unread} is not the id of one licence, such as AGPL-3.0-only`)
  // In messages and in the audit log it is what is held since its push.
  if (name === 'quarantine') throw new DomainError('BAD_REQUEST', `${name} is taken; choose another name`)
  if (harborKeys.includes(name)) throw new DomainError('BAD_REQUEST', `${name} is a key of Harbor; choose another name`)
  assertSelectable({ repositories, tags })
}

/** @throws DomainError BAD_REQUEST */
export function assertSelectable(patterns: { readonly repositories: string; readonly tags?: string }): void {
  const selector = (text: string) => [{ excludes: false, pattern: text }]
  try {
    assertPatterns({ repositories: selector(patterns.repositories), tags: selector(patterns.tags ?? '**') })
  } catch (error) {
    if (error instanceof ContractError) throw new DomainError('BAD_REQUEST', error.message, { cause: error })
    throw error
  }
}
