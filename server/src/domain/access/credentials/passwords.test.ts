import { expect, test } from 'bun:test'
import type { DomainError } from '../../errors.ts'
import { assertPasswordStrong, deriveByArgon2, Passwords, type Argon2Cost } from './passwords.ts'

const right = 'Correct-Horse-1'

test('a password opens its own hash and no other does', async () => {
  const passwords = new Passwords()
  const phc = await passwords.hash(right)
  expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(await passwords.verify(right, phc)).toBe(true)
  expect(await passwords.verify('Correct-Horse-2', phc)).toBe(false)
  expect(await passwords.verify('', phc)).toBe(false)
})

test('the same password has another hash every time', async () => {
  const passwords = new Passwords()
  expect(await passwords.hash(right)).not.toBe(await passwords.hash(right))
})

test('hashes are PHC strings that other programs make and verify', async () => {
  const passwords = new Passwords()
  const foreign = await Bun.password.hash(right, { algorithm: 'argon2id', memoryCost: 8192, timeCost: 3 })
  expect(await passwords.verify(right, foreign)).toBe(true)
  expect(await Bun.password.verify(right, await passwords.hash(right))).toBe(true)
})

test('without a hash nothing is right, and it costs a hash like that of a new password', async () => {
  const costs: Argon2Cost[] = []
  const passwords = new Passwords({
    derive: (password, salt, tagLength, cost) => {
      costs.push(cost)
      return deriveByArgon2(password, salt, tagLength, cost)
    },
  })
  const phc = await passwords.hash(right)
  expect(await passwords.verify('wrong', null)).toBe(false)
  expect(await passwords.verify('wrong', phc)).toBe(false)
  const [made, ...verified] = costs
  expect(verified).toEqual([made!, made!])
})

test('a hash that is none, or that asks for too much memory, is an error and never a match', async () => {
  const passwords = new Passwords()
  const salt = 'A'.repeat(22)
  const tag = 'A'.repeat(43)
  for (const phc of [
    '',
    'plain',
    '$2y$05$abcdefghijklmnopqrstuv',
    `$argon2i$v=19$m=19456,t=2,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=4294967295,t=2,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=19456,t=100000,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$`,
  ]) {
    expect(await passwords.verify(right, phc).catch((error: Error) => error.message)).toContain('stored password hash')
  }
})

test('hashing leaves the event loop free', async () => {
  const passwords = new Passwords()
  let turns = 0
  let hashing = true
  const nextTurn = () => {
    turns += 1
    if (hashing) setTimeout(nextTurn, 1)
  }
  nextTurn()
  await Promise.all(Array.from({ length: 12 }, () => passwords.hash(right)))
  hashing = false
  // On the loop each hash would be one turn, and there are twelve.
  expect(turns).toBeGreaterThan(24)
})

test('a flood waits in a short queue and the rest is refused at once', async () => {
  const passwords = new Passwords({ concurrency: 1, maxWaiting: 2 })
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => passwords.verify(right, null)))
  const refused = results.filter((result) => result.status === 'rejected').map((result) => result.reason as DomainError)
  expect(refused.length).toBe(7)
  expect(new Set(refused.map((error) => error.code))).toEqual(new Set(['TOO_MANY_REQUESTS']))
  expect(refused[0]?.retryAfterSeconds).toBeGreaterThan(0)
  expect(await passwords.verify(right, null)).toBe(false)
})

test.each([
  ['Aa34567', false],
  ['Aa345678', true],
  ['aa345678', false],
  ['AA345678', false],
  ['Aabcdefg', false],
  [`Aa1${'x'.repeat(125)}`, true],
  [`Aa1${'x'.repeat(126)}`, false],
  ['Aa1密码密码密', true],
])('the password rule: %p is acceptable: %p', (password, acceptable) => {
  const attempt = () => assertPasswordStrong(password)
  if (acceptable) expect(attempt).not.toThrow()
  else expect(attempt).toThrow('must be 8-128, inclusively, characters long')
})
