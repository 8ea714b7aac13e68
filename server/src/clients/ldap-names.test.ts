import { describe, expect, test } from 'bun:test'
import { isBelow, normaliseDn } from './ldap-names.ts'

describe('distinguished names are compared as names (RFC 4514)', () => {
  const base = String.raw`cn=Ops\, Platform,ou=groups,dc=example,dc=org`
  test.each([
    [base, String.raw`cn=Ops\2C Platform,ou=groups,dc=example,dc=org`],
    [base, String.raw`CN=ops\2c  platform , OU=Groups;DC=example,dc=ORG`],
    [base, 'cn="Ops, Platform",ou=groups,dc=example,dc=org'],
    [String.raw`cn=Lu\C4\8Di\C4\87,dc=x`, 'cn=Lučić,dc=x'],
    [String.raw`cn=a\+b\=c,dc=x`, String.raw`cn=a\2Bb\3Dc,dc=x`],
    [String.raw`cn=a\=b,dc=x`, 'cn=a=b,dc=x'],
    [String.raw`cn=\23hash,dc=x`, String.raw`cn=\#hash,dc=x`],
    [String.raw`cn=back\\slash,dc=x`, String.raw`cn=back\5Cslash,dc=x`],
    ['cn=a+uid=b,dc=x', 'UID=b + CN=a,dc=x'],
    ['cn=😀,dc=x', String.raw`cn=\F0\9F\98\80,dc=x`],
  ])('%s is %s', (one, other) => {
    expect(normaliseDn(one)).toBe(normaliseDn(other))
    expect(normaliseDn(normaliseDn(one))).toBe(normaliseDn(one))
  })

  test.each([
    [String.raw`cn=a\,b,dc=x`, 'cn=a,b=,dc=x'],
    [String.raw`cn=a\,dc=x`, 'cn=a,dc=x'],
    ['cn=a b,dc=x', 'cn=ab,dc=x'],
    [String.raw`cn=a\+uid=b,dc=x`, 'cn=a+uid=b,dc=x'],
  ])('%s is not %s', (one, other) => {
    expect(normaliseDn(one)).not.toBe(normaliseDn(other))
  })

  test('an entry is below its base however either is written, and not because of a comma in its name', () => {
    expect(isBelow(String.raw`cn=x,ou=a\2C b,dc=x`, String.raw`ou="A, B",dc=x`)).toBe(true)
    expect(isBelow(String.raw`cn=x\,ou=a,dc=x`, 'ou=a,dc=x')).toBe(false)
  })
})
