import { expect, test } from 'bun:test'
import { DomainError } from '../../../domain/errors.ts'
import { withOrigin } from '../../../domain/request-origin.ts'
import { harborErrorOf } from './harbor-error.ts'

const answerTo = async (error: DomainError) => {
  const response = harborErrorOf(error)
  const { errors } = (await response.json()) as { errors: { code: string }[] }
  return [response.status, errors[0]?.code, response.headers.get('x-berth-error')]
}

test("a full quota and a read-only registry have Harbor's one code and a reason each", async () => {
  expect(await answerTo(new DomainError('QUOTA_EXCEEDED', 'full'))).toEqual([403, 'DENIED', 'QUOTA_EXCEEDED'])
  expect(await answerTo(new DomainError('READ_ONLY', 'maintenance'))).toEqual([403, 'DENIED', 'READ_ONLY'])
})

test('one code with several causes tells which of them it is', async () => {
  const immutable = new DomainError('PRECONDITION', 'configured as immutable', { reason: 'TAG_IMMUTABLE' })
  expect(await answerTo(immutable)).toEqual([412, 'PRECONDITION', 'TAG_IMMUTABLE'])
  expect(await answerTo(new DomainError('CONFLICT', 'changed'))).toEqual([409, 'CONFLICT', 'CONFLICT'])
})

test("the body stays Harbor's: a code and a message", async () => {
  const response = harborErrorOf(new DomainError('CONFLICT', 'taken', { reason: 'NAME_TAKEN' }))
  expect(await response.json()).toEqual({ errors: [{ code: 'CONFLICT', message: 'taken' }] })
})

test('a failure has the id of its request beside the message, a refusal has none', async () => {
  const origin = { clientAddress: '192.0.2.1', isFromThisMachine: () => false, requestId: 'id-1' }
  const errorsOf = async (error: DomainError) => await withOrigin(origin, () => harborErrorOf(error)).json()
  expect(await errorsOf(new DomainError('UNAVAILABLE', 'away'))).toEqual({
    errors: [{ code: 'UNKNOWN', message: 'away (request id-1)', detail: { request_id: 'id-1' } }],
  })
  expect(await errorsOf(new DomainError('CONFLICT', 'taken'))).toEqual({
    errors: [{ code: 'CONFLICT', message: 'taken' }],
  })
})
