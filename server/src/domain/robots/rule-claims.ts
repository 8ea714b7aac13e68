import { ContractError } from '#contract/contract-error.ts'
import { matcherOf } from '#contract/doublestar.ts'
import { DomainError } from '../errors.ts'

/** Claim → pattern (doublestar); all must match. */
export type RuleClaims = Readonly<Record<string, string>>

const maxClaims = 20
const maxTextLength = 1_024
/** Of a claim that is a list: groups, roles. The issuer may be the attacker's own, and sign whatever is wanted. */
const maxValues = 100
/** Of a pattern, alternatives spelt out: a login holds it against what a token says. */
const maxPatternSteps = 256
/** Of everything that one login compares: about a millisecond. No honest token comes near it. */
const maxCost = 1_000_000

/** Every token of the issuer for the audience has them, so they tell nobody from anybody else. */
const claimsOfEverybody = new Set(['iss', 'aud', 'exp', 'nbf', 'iat', 'auth_time', 'jti', 'nonce', 'typ', 'at_hash'])

/** Compares the claims of one token with those of rules, until it has cost too much; from then on nothing matches. */
export function composeClaimCheck(claims: Readonly<Record<string, unknown>>): (wanted: RuleClaims) => boolean {
  let left = maxCost
  const matches = (pattern: string, text: string): boolean => {
    const matcher = matcherOf(pattern)
    left -= (text.length + 1) * matcher.costPerCharacter
    return left >= 0 && matcher(text)
  }
  return (wanted) =>
    Object.entries(wanted).every(([name, pattern]) =>
      textsOf(Object.hasOwn(claims, name) ? claims[name] : undefined).some((text) => matches(pattern, text)),
    )
}

function textsOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value.slice(0, maxValues) : [value]
  const texts = values.filter((each) => ['string', 'number', 'boolean'].includes(typeof each)).map(String)
  return texts.filter((text) => text.length <= maxTextLength)
}

/** @throws DomainError BAD_REQUEST for patterns that are none, too long, or let everybody in */
export function assertRuleClaims(claims: RuleClaims): void {
  const refuse = (why: string): never => {
    throw new DomainError('BAD_REQUEST', why)
  }
  const named = Object.entries(claims)
  if (named.length === 0) refuse('a rule says which claims a token must have: without one every token would do')
  if (named.length > maxClaims) refuse(`a rule has ${maxClaims} claims at the most`)
  for (const [, pattern] of named) {
    try {
      if (matcherOf(pattern).steps > maxPatternSteps)
        refuse(`the pattern of a claim may have ${maxPatternSteps} characters, alternatives spelt out`)
    } catch (cause) {
      if (!(cause instanceof ContractError)) throw cause
      refuse(cause.message)
    }
  }
  if (!named.some(([name, pattern]) => !claimsOfEverybody.has(name) && !matchesAnybody(pattern)))
    refuse(
      'this rule would trust everybody whom the issuer knows: at least one claim beside iss, aud and times must say who it is, such as "repository": "company/*"',
    )
}

/** Whether a pattern matches somebody whom nobody can have meant: a name that was made up here. */
const matchesAnybody = (pattern: string): boolean => strangers.some((stranger) => matcherOf(pattern)(stranger))

const letters = 'abcdefghijklmnopqrstuvwxyz'
const alphabet = `${letters}${letters.toUpperCase()}0123456789`
const stranger = 'q7xk2vz9jw4hu8'

/** As the issuers of CI services, clusters and people write `sub`, `repository` and their like. */
const strangers: readonly string[] = [
  // A pattern of one letter and a star lets a sixtieth of everybody in.
  ...[...alphabet].flatMap((character) => [`${character}${stranger}`, `${stranger}${character}`]),
  ...[...alphabet].map((character) => `${character}${stranger}/${stranger}`),
  'ø',
  `${alphabet}-_.:/@${alphabet}`,
  ...[2, 3, 4, 5, 8, 16].map((length) => stranger.repeat(2).slice(0, length)),
  ...['73', '730', '7301', '73019', '73019284', '7301928465'],
  '3f2b9c1e-7d4a-4e8b-9f60-5a1c2d3e4f70',
  `${stranger}@${stranger}.example`,
  `https://${stranger}.example/${stranger}`,
  `repo:${stranger}`,
  `project_path:${stranger}`,
  `spiffe://${stranger}/${stranger}`,
  ...['main', 'master', 'v1.0.0'].flatMap((ref) => [
    `repo:${stranger}/${stranger}:ref:refs/heads/${ref}`,
    `repo:${stranger}/${stranger}:ref:refs/tags/${ref}`,
    `project_path:${stranger}/${stranger}:ref_type:branch:ref:${ref}`,
    `${stranger}/${stranger}/.github/workflows/${stranger}.yml@refs/heads/${ref}`,
    `refs/heads/${ref}`,
    `refs/tags/${ref}`,
    ref,
  ]),
  `repo:${stranger}/${stranger}:pull_request`,
  `repo:${stranger}/${stranger}:environment:production`,
  `system:serviceaccount:${stranger}:${stranger}`,
  `system:serviceaccount:${stranger}:default`,
  `organization:${stranger}:project:${stranger}`,
  ...['true', 'false', 'push', 'branch', 'tag', 'public', 'private'],
]
