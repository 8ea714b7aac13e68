import { expect, test } from 'bun:test'
import { anonymous } from '../domain/access/actor.ts'
import { StatementTimes } from '../database/statement-watch.ts'
import type { Exchange } from './router.ts'
import { composeSlowRequestLog } from './slow-request-log.ts'

const exchange = (facts: Partial<Exchange>): Exchange => ({
  ...{ method: 'GET', agent: null, route: 'api', path: '/api/v2.0/projects', kind: 'api', operation: 'listProjects' },
  ...{ clientAddress: '192.0.2.1', requestId: 'id-1', actor: anonymous, status: 200, bytesAnnounced: 1 },
  ...{ answeredMs: 5, durationMs: 5, bytesIn: 0, bytesOut: 1, aborted: false },
  ...facts,
})

function logged(slowMs: number, facts: Partial<Exchange>) {
  const lines: object[] = []
  const warn = (fields: object, message: string) => void lines.push({ ...fields, message })
  composeSlowRequestLog({ warn } as never, slowMs)(exchange(facts))
  return lines
}

test('a request that is answered late has a line with the statements it took', () => {
  const statements = new StatementTimes()
  statements.add('select 1', 1_500.123)
  statements.add('select 2', 200)
  expect(logged(2_000, { answeredMs: 2_000.4, statements, place: { project: 'shop' } })).toEqual([
    {
      ...{
        message: 'slow request',
        operation: 'listProjects',
        requestId: 'id-1',
        answeredMs: 2_000.4,
        project: 'shop',
      },
      ...{ statements: 2, statementMs: 1_700.12 },
      slowest: [
        { ms: 1_500.12, sql: 'select 1' },
        { ms: 200, sql: 'select 2' },
      ],
    },
  ])
})

test('what is quick, what only a slow client or a long answer made long, and what nobody asked for have none', () => {
  expect(logged(2_000, { answeredMs: 1_999 })).toEqual([])
  expect(logged(2_000, { answeredMs: 10, durationMs: 60_000 })).toEqual([])
  expect(logged(2_000, { answeredMs: 60_000, bytesIn: 10_000_000 })).toEqual([])
  expect(logged(0, { answeredMs: 60_000 })).toEqual([])
})
