import { expect, test } from 'bun:test'
import { DomainError } from '#server/domain/errors.ts'
import { CommandError } from './command-error.ts'
import { exitCodeOf, exitCodes, kindOfError, kindOfStatus } from './exit-codes.ts'
import { explained } from './explained.ts'
import { structuredIn } from './output.ts'

test('each exit code means one thing', () => {
  expect(new Set(exitCodes.map(({ code }) => code)).size).toBe(exitCodes.length)
  expect(new Set(exitCodes.map(({ kind }) => kind)).size).toBe(exitCodes.length)
})

test.each([
  [401, 'not-signed-in'],
  [403, 'refused'],
  [404, 'not-found'],
  [409, 'conflict'],
  [412, 'conflict'],
  [422, 'usage'],
  [429, 'busy'],
  [500, 'failed'],
  [503, 'unreachable'],
  [507, 'full'],
] as const)('a status of %d is %s', (status, kind) => {
  expect(kindOfStatus(status)).toBe(kind)
})

test.each([
  ['USER_UNKNOWN', 'not-found'],
  ['CONFLICT', 'conflict'],
  ['FORBIDDEN', 'refused'],
  ['READ_ONLY', 'refused'],
  ['STORAGE_FULL', 'full'],
] as const)('a rule of the registry that says %s is %s, here as at an address', (code, kind) => {
  expect(kindOfError(new DomainError(code, 'no'))).toBe(kind)
})

test('advice does not change the kind of a failure', () => {
  const dressed = new CommandError('no such user', {
    next: 'berth user list',
    cause: new DomainError('USER_UNKNOWN', 'no'),
  })
  expect(explained(dressed)).toMatchObject({ kind: 'not-found', reason: 'USER_UNKNOWN' })
})

test('damage has an exit code of its own', () => {
  const error = Object.assign(new Error('a page is damaged'), { name: 'DatabaseCorrupt' })
  expect(exitCodeOf(explained(error).kind)).toBe(9)
})

test.each([
  [['user', 'list', '--output', 'json'], 'json'],
  [['user', 'list', '--output=yaml'], 'yaml'],
  [['user', 'list', '-o', 'json'], 'json'],
  [['user', 'list', '-ojson'], 'json'],
  [['user', 'list', '-o', 'wide'], undefined],
  [['api', '/x', '--', '-o', 'json'], undefined],
] as const)('the form of errors is found before anything is parsed: %p', (args, form) => {
  expect(structuredIn(args)).toBe(form)
})
