import { expect, test } from 'bun:test'
import { SQL } from 'bun'
import { DomainError } from '../../domain/errors.ts'
import { withOrigin } from '../../domain/request-origin.ts'
import { asDomainError, errorResponse } from './error-response.ts'

test('a foreign key that breaks is a conflict, and its text stays inside', async () => {
  const database = new SQL('sqlite://:memory:')
  await database.unsafe('pragma foreign_keys = on')
  await database.unsafe('create table project (id integer primary key)')
  await database.unsafe('create table label (project_id integer not null references project (id))')
  const broken: unknown = await database.unsafe('insert into label values (7)').catch((error: unknown) => error)
  await database.close()
  expect(asDomainError(broken)).toMatchObject({ code: 'CONFLICT', cause: broken })
  const answer = errorResponse(broken)!
  expect(answer.status).toBe(409)
  const body = (await answer.json()) as { errors: { code: string; message: string }[] }
  expect(body.errors).toEqual([{ code: 'DENIED', message: expect.stringContaining('deleted at the same moment') }])
})

const detailOf = async (error: DomainError): Promise<unknown> => {
  const origin = { clientAddress: '192.0.2.1', isFromThisMachine: () => false, requestId: 'id-1' }
  const body = (await withOrigin(origin, () => errorResponse(error))!.json()) as { errors: { detail?: unknown }[] }
  return body.errors[0]!.detail
}

test('an error that people show to their operator has the id of its request, beside its own facts', async () => {
  expect(await detailOf(new DomainError('QUOTA_EXCEEDED', 'full', { detail: { limit: 1 } }))).toEqual({
    limit: 1,
    request_id: 'id-1',
  })
  expect(await detailOf(new DomainError('UNAVAILABLE', 'away'))).toEqual({ request_id: 'id-1' })
})

test('the 401 and 404 of every push and pull have no id', async () => {
  expect(await detailOf(new DomainError('UNAUTHENTICATED', 'sign in'))).toBeUndefined()
  expect(await detailOf(new DomainError('MANIFEST_UNKNOWN', 'none', { detail: { tag: 'v1' } }))).toEqual({ tag: 'v1' })
})
