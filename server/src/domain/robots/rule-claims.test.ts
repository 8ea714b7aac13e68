import { expect, test } from 'bun:test'
import type { DomainError } from '../errors.ts'
import { assertRuleClaims, composeClaimCheck, type RuleClaims } from './rule-claims.ts'
import { isIssuer } from './rule-issuer.ts'

const codeOf = (claims: RuleClaims): string | undefined => {
  try {
    assertRuleClaims(claims)
    return undefined
  } catch (error) {
    return (error as DomainError).code
  }
}

test.each([
  { sub: '**' },
  { sub: '*' },
  { sub: '?*' },
  { sub: '*?*' },
  { sub: '?' },
  { sub: '{**,x}' },
  { sub: '{a,*}' },
  { sub: '[!,]*' },
  { sub: '[^/]*' },
  { sub: '[a-z]*' },
  { sub: '**/*' },
  { sub: '*/**' },
  { sub: '*:*' },
  { sub: 'a*' },
  { sub: '*e*' },
  { sub: 'repo:**' },
  { sub: 'repo:*/*:**' },
  { sub: 'repo:*/*:ref:refs/heads/main' },
  { sub: 'project_path:**' },
  { sub: 'system:serviceaccount:**' },
  { sub: 'system:serviceaccount:*:*' },
  { sub: 'system:serviceaccount:*:default' },
  { repository: '*/*' },
  { ref: 'refs/heads/main' },
  { ref: 'refs/**' },
  { ref_protected: 'true' },
  { iss: '**' },
  { iss: 'https://token.actions.example.org' },
  { aud: 'berth' },
  { exp: '1', iat: '2', nbf: '3', jti: '4' },
  { iss: 'https://issuer.example', sub: '**', aud: 'berth' },
])('a rule that trusts everybody is none: %j', (claims) => expect(codeOf(claims)).toBe('BAD_REQUEST'))

test.each([
  { repository: 'org/*' },
  { repository: 'x/*', ref: 'refs/heads/main' },
  { repository: 'org/app', ref: '**' },
  { sub: 'repo:org/app:ref:refs/heads/main' },
  { sub: 'repo:org/*:**' },
  { sub: 'system:serviceaccount:ci:*' },
  { sub: 'system:serviceaccount:*:publisher' },
  { project_path: '{group,other}/app' },
  { repository_owner_id: '4711' },
  { sub: 'x' },
  { sub: '{x,y}' },
  { email: '*@company.example' },
])('a rule that says whom it trusts is one: %j', (claims) => expect(codeOf(claims)).toBeUndefined())

test.each([{}, { sub: '[a' }, { sub: 'x'.repeat(300) }, { sub: `{b,c}{b,c}{b,c}{b,c}{b,c}{b,c}{b,c}x` }])(
  '%j is no rule',
  (claims) => expect(codeOf(claims as RuleClaims)).toBe('BAD_REQUEST'),
)

test('all claims must match, and of a list one value', () => {
  const isMatch = composeClaimCheck({ repository: 'org/app', groups: ['a', 'ci'], run: 7, admin: true })
  expect(isMatch({ repository: 'org/*', groups: 'ci', run: '7', admin: 'true' })).toBe(true)
  expect(isMatch({ repository: 'org/*', groups: 'b' })).toBe(false)
  expect(isMatch({ repository: 'org/*', none: '**' })).toBe(false)
  expect(isMatch({ constructor: '**' })).toBe(false)
})

test('of a claim with thousands of values the first hundred count, and long texts do not', () => {
  const many = Array.from({ length: 4_000 }, (_, at) => `value-${at}`)
  const isMatch = composeClaimCheck({ many, long: 'x'.repeat(1_025) })
  expect(isMatch({ many: 'value-99' })).toBe(true)
  expect(isMatch({ many: 'value-100' })).toBe(false)
  expect(isMatch({ long: '**' })).toBe(false)
})

test('one login compares no more than its budget, however many rules a robot has', () => {
  const claims = Object.fromEntries(
    Array.from({ length: 20 }, (_, at) => [`c${at}`, Array.from({ length: 100 }, () => 'a'.repeat(1_024))]),
  )
  const isMatch = composeClaimCheck(claims)
  // No value matches, so each claim would be compared a hundred times.
  const costly = { c0: `${'*a'.repeat(100)}b` }
  for (let rule = 0; rule < 20; rule += 1) expect(isMatch(costly)).toBe(false)
  // What would match is not looked at any more: the budget of this login is spent.
  expect(isMatch({ c1: 'a**' })).toBe(false)
  expect(composeClaimCheck(claims)({ c1: `${'a'.repeat(200)}*` })).toBe(true)
})

test.each([
  'https://token.actions.example.org',
  'https://gitlab.example/',
  'https://login.example/realms/company',
  'https://10.0.0.7:8443',
])('%s is an issuer', (issuer) => expect(isIssuer(issuer)).toBe(true))

test.each([
  '',
  'token.example.org',
  'http://token.example.org',
  'file:///etc/passwd',
  'ftp://token.example.org',
  'https://u:p@token.example.org',
  'https://u@token.example.org',
  'https://@token.example.org',
  'https://token.example.org?x=1',
  'https://token.example.org/?',
  'https://token.example.org/internal?cmd=restart#',
  'https://token.example.org#',
  'https://token.example.org/a b',
  'https://token.example.org\n',
  'https:\\\\token.example.org',
  'https://token.example.org/a/../b',
  'https://token.example.org/%2e%2e/b',
  'https://TOKEN.example.org',
  'https://token.example.org:443',
  'HTTPS://token.example.org',
  'https://2130706433',
  'https://0x7f.1',
  'https://tökén.example',
  `https://token.example.org/${'x'.repeat(1_024)}`,
])('%p is none', (issuer) => expect(isIssuer(issuer)).toBe(false))
