import { expect, test } from 'bun:test'
import type { DomainError } from '../../errors.ts'
import { assertPasswordStrong, Passwords } from './passwords.ts'

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

test('without a hash nothing is right, and it takes as long as a wrong password', async () => {
  const passwords = new Passwords()
  const phc = await passwords.hash(right)
  const time = async (hash: string | null) => {
    const times: number[] = []
    for (let round = 0; round < 7; round += 1) {
      const startedAt = performance.now()
      expect(await passwords.verify('wrong', hash)).toBe(false)
      times.push(performance.now() - startedAt)
    }
    return times.toSorted((a, b) => a - b)[3]!
  }
  const ratio = (await time(null)) / (await time(phc))
  expect(ratio).toBeGreaterThan(0.5)
  expect(ratio).toBeLessThan(2)
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
  await passwords.hash(right)
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 1)
  await Promise.all(Array.from({ length: 12 }, () => passwords.hash(right)))
  clearInterval(timer)
  // 12 hashes keep both cores busy for about 300 ms; on the loop they would be one gap of that length.
  expect(longest).toBeLessThan(100)
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
  else expect(attempt).toThrow('8 to 128 characters')
})
