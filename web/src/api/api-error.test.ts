import { expect, test } from 'bun:test'
import { ApiError, parseErrorBody, reasonOf, troubleOf } from './api-error.ts'

test('a refusal with a reason of its own has a sentence of its own', () => {
  expect(reasonOf(new ApiError(403, 'DENIED', '', { reason: 'QUOTA_EXCEEDED' }))).toBe('QUOTA_EXCEEDED')
  expect(reasonOf(new ApiError(403, 'DENIED', '', { reason: 'READ_ONLY' }))).toBe('READ_ONLY')
  expect(reasonOf(new ApiError(412, 'PRECONDITION', '', { reason: 'TAG_IMMUTABLE' }))).toBe('TAG_IMMUTABLE')
})

test('without a reason the code stands for it, and a reason that is new here is none', () => {
  expect(reasonOf(new ApiError(403, 'FORBIDDEN', ''))).toBe('FORBIDDEN')
  expect(reasonOf(new ApiError(409, 'CONFLICT', '', { reason: 'OF_A_LATER_VERSION' }))).toBeUndefined()
  expect(reasonOf(new Error('no answer'))).toBeUndefined()
})

test('what has no reason is told by its status', () => {
  expect(troubleOf(new ApiError(0, 'UNREACHABLE', ''))).toBe('unreachable')
  expect(troubleOf(new ApiError(502, 'UNKNOWN', ''))).toBe('failed')
  expect(troubleOf(new TypeError('a fault of the console'))).toBe('failed')
})

test("the page of a proxy is no error of the API's", () => {
  expect(parseErrorBody('<html>Bad gateway</html>')).toBeUndefined()
  expect(parseErrorBody('{"errors":[{"code":"CONFLICT","message":"taken"}]}')).toEqual({
    code: 'CONFLICT',
    message: 'taken',
  })
})

test('a failure shows the id of its request once; what the reader can mend has none', () => {
  const failure = new ApiError(503, 'UNKNOWN', 'try again (request id-1)', { requestId: 'id-1' })
  expect([failure.message, failure.requestId]).toEqual(['try again', 'id-1'])
  expect(new ApiError(409, 'CONFLICT', 'taken', { requestId: 'id-1' }).requestId).toBeUndefined()
})
