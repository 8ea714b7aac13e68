import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { ManualClock } from '../../../../test/access.ts'
import type { DomainError } from '../../errors.ts'
import { addressBlock } from '../address-block.ts'
import { LoginBrake, type LoginAttempt } from './login-brake.ts'

const here = '203.0.113.7'
const there = '203.0.113.8'

function fail(brake: LoginBrake, times: number, { address = here, username = 'ada' } = {}): void {
  for (let round = 0; round < times; round += 1) brake.begin(address, username).failed()
}

function waitOf(begin: () => LoginAttempt): number {
  try {
    begin().abandoned()
    return 0
  } catch (error) {
    const { code, retryAfterSeconds } = error as DomainError
    expect(code).toBe('TOO_MANY_REQUESTS')
    return retryAfterSeconds!
  }
}

test('a few wrong passwords cost nothing, then each costs a longer wait', () => {
  const clock = new ManualClock()
  const brake = new LoginBrake(clock)
  fail(brake, 4)
  expect(waitOf(() => brake.begin(here, 'ada'))).toBe(0)
  const waits: number[] = []
  for (let round = 0; round < 14; round += 1) {
    fail(brake, 1)
    const seconds = waitOf(() => brake.begin(here, 'ada'))
    waits.push(seconds)
    clock.advance(seconds * 1000)
  }
  expect(waits.slice(0, 5)).toEqual([1, 2, 4, 8, 16])
  expect(waits.at(-1)).toBe(900)
})

test('the same user on another address is not concerned', () => {
  const brake = new LoginBrake(new ManualClock())
  fail(brake, 5)
  expect(waitOf(() => brake.begin(here, 'ada'))).toBeGreaterThan(0)
  expect(waitOf(() => brake.begin(there, 'ada'))).toBe(0)
})

test('another user on the same address is not concerned by one user’s failures', () => {
  const brake = new LoginBrake(new ManualClock())
  fail(brake, 5)
  expect(waitOf(() => brake.begin(here, 'bob'))).toBe(0)
})

test('success forgets the failures of that user', () => {
  const brake = new LoginBrake(new ManualClock())
  fail(brake, 4)
  brake.begin(here, 'ada').succeeded()
  fail(brake, 4)
  expect(waitOf(() => brake.begin(here, 'ada'))).toBe(0)
})

test('an address that tries one password with many users is held to a trickle', () => {
  const clock = new ManualClock()
  const brake = new LoginBrake(clock)
  let tried = 0
  for (let second = 0; second < 600; second += 1) {
    for (let round = 0; round < 10; round += 1) {
      try {
        brake.begin(here, `user${tried}`).failed()
        tried += 1
      } catch {
        break
      }
    }
    clock.advance(1000)
  }
  expect(tried).toBeLessThanOrEqual(50 + 600 / 5)
  expect(waitOf(() => brake.begin(there, 'ada'))).toBe(0)
})

test('signing in to an account of one’s own does not pay for guesses at others', () => {
  const brake = new LoginBrake(new ManualClock())
  let tried = 0
  try {
    while (tried < 1000) {
      brake.begin(here, `user${tried}`).failed()
      tried += 1
      brake.begin(here, 'own').succeeded()
    }
  } catch {
    // the brake
  }
  expect(tried).toBe(50)
})

test('guesses sent all at once count before their outcome is known', () => {
  const brake = new LoginBrake(new ManualClock())
  let begun = 0
  try {
    for (; begun < 1000; begun += 1) brake.begin(here, 'ada')
  } catch {
    // the brake
  }
  expect(begun).toBe(5)
})

test('after a wait one guess is let through, not five', () => {
  const clock = new ManualClock()
  const brake = new LoginBrake(clock)
  fail(brake, 5)
  clock.advance(1000)
  const attempt = brake.begin(here, 'ada')
  expect(waitOf(() => brake.begin(here, 'ada'))).toBeGreaterThan(0)
  attempt.failed()
  expect(waitOf(() => brake.begin(here, 'ada'))).toBe(2)
})

test('attempts that could not be carried out are no failures', () => {
  const brake = new LoginBrake(new ManualClock())
  for (let round = 0; round < 100; round += 1) brake.begin(here, 'ada').abandoned()
  expect(waitOf(() => brake.begin(here, 'ada'))).toBe(0)
})

test('a clock that is set back by a day locks nobody out for a day', () => {
  const clock = new ManualClock()
  const brake = new LoginBrake(clock)
  fail(brake, 5)
  clock.advance(-86_400_000)
  expect(waitOf(() => brake.begin(here, 'ada'))).toBeLessThanOrEqual(900)
})

test('addresses of one IPv6 network count as one, IPv4 within IPv6 as IPv4', () => {
  expect(addressBlock('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
  expect(addressBlock('2001:0DB8:0001:0002::1')).toBe('2001:db8:1:2::/64')
  expect(addressBlock('2001:db8::1')).toBe('2001:db8:0:0::/64')
  expect(addressBlock('::1')).toBe('0:0:0:0::/64')
  expect(addressBlock('::')).toBe('0:0:0:0::/64')
  expect(addressBlock('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  expect(addressBlock('::ffff:203.0.113.7')).toBe(here)
  expect(addressBlock(here)).toBe(here)
  expect(addressBlock('unknown')).toBe('unknown')
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      expect(addressBlock(address)).toMatch(/^(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){3}::\/64|\d+\.\d+\.\d+\.\d+)$/)
    }),
  )
})

test('a flood of refused attempts does not push out the trail of another name', () => {
  const clock = new ManualClock()
  const brake = new LoginBrake(clock)
  for (let round = 0; round < 11; round += 1) {
    clock.advance(1000 * waitOf(() => brake.begin(here, 'admin')))
    fail(brake, 1, { username: 'admin' })
  }
  const wait = waitOf(() => brake.begin(here, 'admin'))
  expect(wait).toBe(64)
  for (let at = 0; at < 60; at += 1) {
    // Other addresses of the attacker use up their own bursts, then are refused for thousands of names.
    const address = `198.51.100.${at}`
    for (let round = 0; round < 50; round += 1) tryOnce(brake, address, `burst-${round}`)
    for (let round = 0; round < 500; round += 1) tryOnce(brake, address, `flood-${at}-${round}`)
  }
  expect(waitOf(() => brake.begin(here, 'admin'))).toBe(wait)
})

test.each([
  ['capitals', ['alice', 'aLice', 'ALICE', 'alicE', 'Alice']],
  ['full width', ['alice', '\uff41lice', 'al\uff49ce', 'alic\uff45', '\uff21LICE']],
  ['accents', ['muller', 'm\u00fcller', 'mu\u0308ller', 'M\u00dcLLER', 'm\u00fcl\u200bler']],
  ['spaces', ['ada king', 'ada  king', ' ada king', 'ada king ', 'ADA\u00a0KING']],
  ['sharp s', ['strasse', 'stra\u00dfe', 'STRASSE', 'Stra\u00dfe', 'stra\u1e9ee']],
  ['invisible characters', ['alice', 'al\u200bice', 'al\u00adice', '\u202ealice', 'alice\ufeff']],
])('spellings that a directory takes for one name have one trail: %s', (_, spellings) => {
  const brake = new LoginBrake(new ManualClock())
  for (const username of spellings) fail(brake, 1, { username })
  expect(waitOf(() => brake.begin(here, spellings[0]!))).toBe(1)
})

/** Whatever comes of it. */
function tryOnce(brake: LoginBrake, address: string, username: string): void {
  try {
    brake.begin(address, username).failed()
  } catch (error) {
    expect((error as DomainError).code).toBe('TOO_MANY_REQUESTS')
  }
}

test('failures that another process told of end with a success, here or there; the address keeps its own', () => {
  for (const succeed of [
    (brake: LoginBrake) => brake.succeededElsewhere('192.0.2.1', 'ann'),
    (brake: LoginBrake) => expect(brake.begin('192.0.2.1', 'ann').succeeded()).toBe(true),
  ]) {
    const brake = new LoginBrake({ now: () => 0 })
    for (let failure = 0; failure < 4; failure += 1) brake.failedElsewhere('192.0.2.1', 'ann')
    succeed(brake)
    for (let failure = 0; failure < 4; failure += 1) brake.begin('192.0.2.1', 'ann').failed()
    expect(brake.begin('192.0.2.1', 'ann').succeeded()).toBe(true)
    expect(brake.begin('192.0.2.1', 'ann').succeeded()).toBe(false)
  }
})
