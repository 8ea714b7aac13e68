import { expect, test } from 'bun:test'
import { SQL } from 'bun'
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
