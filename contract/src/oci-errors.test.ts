import { expect, test } from 'bun:test'
import { ociErrorBody, ociErrorCodes } from './oci-errors.ts'

test('an error body has exactly what the specification names, and no empty detail', () => {
  const body = ociErrorBody([
    { code: 'BLOB_UNKNOWN', message: 'no such blob', detail: { digest: 'x' } },
    { code: 'DENIED', message: 'no', detail: undefined },
  ])
  expect(JSON.stringify(body)).toBe(
    '{"errors":[{"code":"BLOB_UNKNOWN","message":"no such blob","detail":{"digest":"x"}},{"code":"DENIED","message":"no"}]}',
  )
})

test('the list of codes is that of the specification', () => {
  expect(ociErrorCodes).toHaveLength(14)
  expect(new Set(ociErrorCodes).size).toBe(14)
})
