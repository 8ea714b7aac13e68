import { z } from 'zod'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import { nameCovers, parseName, type NamePart } from './distinguished-names.ts'
import { refusing, SignatureRefused } from './refusals.ts'

/** What is done about a check that fails. */
export type Enforcement = 'enforce' | 'log' | 'skip'
export type Check = 'authenticity' | 'authenticTimestamp' | 'expiry' | 'revocation'

/** A statement of a trust policy document of the Notary Project, as `notation policy import` takes it. */
export interface TrustPolicy {
  readonly name: string
  readonly scopes: readonly string[]
  readonly level: 'strict' | 'permissive' | 'audit' | 'skip'
  readonly checks: Readonly<Record<Check, Enforcement>>
  readonly verifyTimestamp: 'always' | 'afterCertExpiry'
  readonly stores: readonly string[]
  /** Undefined for `*`: every certificate of the stores. */
  readonly identities: readonly (readonly NamePart[])[] | undefined
}

const levels: Readonly<Record<TrustPolicy['level'], Readonly<Record<Check, Enforcement>>>> = {
  strict: { authenticity: 'enforce', authenticTimestamp: 'enforce', expiry: 'enforce', revocation: 'enforce' },
  permissive: { authenticity: 'enforce', authenticTimestamp: 'log', expiry: 'log', revocation: 'log' },
  audit: { authenticity: 'log', authenticTimestamp: 'log', expiry: 'log', revocation: 'log' },
  skip: { authenticity: 'skip', authenticTimestamp: 'skip', expiry: 'skip', revocation: 'skip' },
}

const enforcement = z.enum(['enforce', 'log', 'skip'])
const storeName = /^(ca|signingAuthority|tsa):[a-zA-Z0-9_.-]+$/
/** trust-store-trust-policy §registry-scopes: a registry and a repository, written out. */
const scopeText = /^[a-zA-Z0-9.-]+(:\d+)?\/[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/

const statement = z.object({
  name: z.string().min(1).max(200),
  registryScopes: z.array(z.string()).min(1).max(500),
  signatureVerification: z.object({
    level: z.enum(['strict', 'permissive', 'audit', 'skip']),
    override: z
      .strictObject({
        // Authenticity may be logged, and no more is taken from it.
        authenticity: z.enum(['enforce', 'log']),
        authenticTimestamp: z.enum(['enforce', 'log']),
        expiry: z.enum(['enforce', 'log']),
        revocation: enforcement,
      })
      .partial()
      .optional(),
    verifyTimestamp: z.enum(['always', 'afterCertExpiry']).optional(),
  }),
  trustStores: z.array(z.string().regex(storeName)).max(100).optional(),
  trustedIdentities: z.array(z.string()).max(500).optional(),
})

const document = z.object({ version: z.literal('1.0'), trustPolicies: z.array(statement).min(1).max(100) })

/** @throws SignatureRefused with what is wrong with it, by the rules of the specification */
export function readTrustPolicies(text: string | Uint8Array): TrustPolicy[] {
  return refusing('malformed', 'the trust policy cannot be used', () => {
    const parsed = document.safeParse(parseForeignJson(text, budgets.trustedRoot))
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      throw new SignatureRefused('malformed', `the trust policy: ${issue?.path.join('.')}: ${issue?.message}`)
    }
    const policies = parsed.data.trustPolicies.map(policyOf)
    assertUnique(
      'two statements have the name',
      policies.map(({ name }) => name),
    )
    // Each statement covers its scopes alone, so that one at the most is asked about a repository.
    assertUnique(
      'two statements have the scope',
      policies.flatMap(({ scopes }) => scopes),
    )
    return policies
  })
}

function policyOf(said: z.infer<typeof statement>): TrustPolicy {
  const { name, registryScopes: scopes, signatureVerification, trustStores = [], trustedIdentities = [] } = said
  const { level, override = {}, verifyTimestamp = 'always' } = signatureVerification
  const wrong = (why: string) => new SignatureRefused('malformed', `the statement ${name} of the trust policy ${why}`)
  if (scopes.includes('*') && scopes.length > 1) throw wrong('has * beside other scopes')
  const scope = scopes.find((each) => each !== '*' && !scopeText.test(each))
  if (scope !== undefined) throw wrong(`has the scope ${scope.slice(0, 100)}, which is not a registry and a repository`)
  if (level === 'skip') {
    if (trustStores.length > 0 || trustedIdentities.length > 0 || Object.keys(override).length > 0) {
      throw wrong('skips verification, and names whom it trusts all the same')
    }
  } else {
    if (!trustStores.some((store) => !store.startsWith('tsa:'))) throw wrong('names no trust store of signers')
    if (trustedIdentities.length === 0) throw wrong('names no identity; * trusts every certificate of its stores')
  }
  return {
    name,
    scopes,
    level,
    checks: { ...levels[level], ...definedOf(override) },
    verifyTimestamp,
    stores: trustStores,
    identities: level === 'skip' ? [] : identitiesOf(trustedIdentities, wrong),
  }
}

/** A check that an override leaves out stays as the level has it. */
const definedOf = (override: { readonly [Name in Check]?: Enforcement | undefined }): Partial<TrustPolicy['checks']> =>
  Object.fromEntries(Object.entries(override).filter(([, value]) => value !== undefined))

const subjectPrefix = 'x509.subject:'
/** trust-store-trust-policy §trusted-identities-constraints. */
const neededParts = ['C', 'ST', 'O']

function identitiesOf(texts: readonly string[], wrong: (why: string) => Error): TrustPolicy['identities'] {
  if (texts.includes('*')) {
    if (texts.length > 1) throw wrong('has * beside other identities')
    return undefined
  }
  const identities = texts.map((text) => {
    if (!text.startsWith(subjectPrefix))
      throw wrong(`has the identity ${JSON.stringify(text.slice(0, 100))}, which is none of x509.subject:`)
    const parts = parseName(text.slice(subjectPrefix.length).trim())
    const missing = neededParts.find((needed) => !parts.some(({ attribute }) => attribute === needed))
    if (missing !== undefined) throw wrong(`has an identity without ${missing}`)
    return parts
  })
  const overlaps = identities.some((one, at) =>
    identities.some((other, place) => at !== place && nameCovers(one, other)),
  )
  if (overlaps) throw wrong('has identities of which one covers the other')
  return identities
}

function assertUnique(what: string, values: readonly string[]): void {
  const twice = values.find((value, at) => values.indexOf(value) !== at)
  if (twice !== undefined) throw new SignatureRefused('malformed', `the trust policy: ${what} ${twice.slice(0, 100)}`)
}

/**
 * The one statement that is for a repository: the one that names it, else the one for all. The registry of a scope is not
 * compared: people reach one registry by several names, and the policy was given to this one.
 */
export function policyFor(policies: readonly TrustPolicy[], repository: string): TrustPolicy | undefined {
  const repositoryOf = (scope: string) => scope.slice(scope.indexOf('/') + 1)
  return (
    policies.find(({ scopes }) => scopes.some((scope) => scope !== '*' && repositoryOf(scope) === repository)) ??
    policies.find(({ scopes }) => scopes.includes('*'))
  )
}
