import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { base32, bytesOfBase32 } from './base32.ts'
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes.ts'
import { newTotpSecret, otpauthUri, stepOfCode, totpCode } from './totp.ts'

describe('base32', () => {
  test('is as RFC 4648 §10 has it', () => {
    const vectors = { f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB', foobar: 'MZXW6YTBOI' }
    for (const [plain, text] of Object.entries(vectors)) {
      expect(base32(Buffer.from(plain))).toBe(text)
      expect(bytesOfBase32(text)?.toString()).toBe(plain)
    }
    expect(bytesOfBase32('MZXW6!')).toBeUndefined()
  })

  test('gives back every bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => bytesOfBase32(base32(bytes))!.equals(bytes)))
  })
})

describe('a code of an app', () => {
  const secret = base32(Buffer.from('12345678901234567890'))

  test('is what RFC 6238, appendix B, has for SHA-1', () => {
    const vectors: readonly [seconds: number, code: string][] = [
      [59, '287082'],
      [1_111_111_109, '081804'],
      [1_111_111_111, '050471'],
      [1_234_567_890, '005924'],
      [2_000_000_000, '279037'],
      [20_000_000_000, '353130'],
    ]
    for (const [seconds, code] of vectors) {
      expect(totpCode(secret, Math.floor(seconds / 30))).toBe(code)
      expect(stepOfCode(secret, code, seconds * 1_000, 0)).toBe(Math.floor(seconds / 30))
    }
  })

  test('is good one step around now, and no more than once', () => {
    const now = 1_790_000_000_000
    const step = Math.floor(now / 30_000)
    for (const near of [step - 1, step, step + 1]) {
      expect(stepOfCode(secret, totpCode(secret, near), now, 0)).toBe(near)
      expect(stepOfCode(secret, totpCode(secret, near), now, near)).toBeUndefined()
    }
    for (const far of [step - 2, step + 2]) expect(stepOfCode(secret, totpCode(secret, far), now, 0)).toBeUndefined()
  })

  test('is six digits and nothing else', () => {
    for (const text of ['', '12345', '1234567', '١٢٣٤٥٦', '12345a', '-12345', '1e5000'])
      expect(stepOfCode(secret, text, Date.now(), 0)).toBeUndefined()
  })

  test('is asked for by the name of the registry and of the person, whatever is in them', () => {
    const uri = new URL(
      otpauthUri({ secret: newTotpSecret(), issuer: 'reg.example.com:8443', username: 'ada&secret=X' }),
    )
    expect(uri.searchParams.getAll('secret')).toHaveLength(1)
    expect(uri.searchParams.get('secret')).toMatch(/^[A-Z2-7]{32}$/)
    expect(uri.searchParams.get('issuer')).toBe('reg.example.com:8443')
  })
})

describe('a recovery code', () => {
  test('is found however it is typed, and belongs to one person', () => {
    const codes = newRecoveryCodes()
    expect(new Set(codes).size).toBe(10)
    const [code = ''] = codes
    expect(code).toMatch(/^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/)
    const kept = hashOfRecoveryCode(5, code)
    expect(hashOfRecoveryCode(5, ` ${code.toLowerCase().replaceAll('-', ' ')} `)).toBe(kept!)
    expect(hashOfRecoveryCode(6, code)).not.toBe(kept!)
    expect(kept).not.toContain(code)
    expect(hashOfRecoveryCode(5, `${code}A`)).toBeUndefined()
  })
})
