import { describe, expect, test } from 'bun:test'
import { csvLine } from '../src/pages/administration/audit/audit-export.ts'
import { auditSearch, conditionsOf } from '../src/pages/administration/audit/audit-filter.ts'

const record = {
  id: 7,
  username: 'ada',
  resource: 'library/app:1.0',
  resource_type: 'artifact',
  operation: 'create',
  op_time: '2026-11-26T10:00:00.000Z',
  operation_description: 'create artifact: library/app:1.0',
  operation_result: true,
}

describe('export of the audit log', () => {
  test('a line has each column once, in order', () => {
    expect(csvLine(record)).toBe(
      '7,2026-11-26T10:00:00.000Z,ada,create,artifact,library/app:1.0,true,,create artifact: library/app:1.0\r\n',
    )
  })

  test('what would be a formula in a spreadsheet is text', () => {
    for (const username of ['=1+1', '+1', '-1', '@sum', '\tx'])
      expect(csvLine({ ...record, username })).toContain(`,'${username},`)
  })

  test('quotes, commas and ends of lines stay within their field', () => {
    expect(csvLine({ ...record, username: 'a,"b"\nc' })).toContain(',"a,""b""\nc",')
  })
})

describe('filter of the audit log', () => {
  test('a comma in a value does not begin another condition', () => {
    expect(conditionsOf({ who: 'a,operation=x' })).toBe('username=~a%2Coperation%3Dx')
  })

  test('days are whole, and either may be left out', () => {
    const [, from, to] =
      /op_time=\[(.*)~(.*)\]/.exec(conditionsOf({ from: '2026-11-26', to: '2026-11-26' }) ?? '') ?? []
    expect(Date.parse(to!) - Date.parse(from!)).toBe(24 * 60 * 60 * 1_000 - 1)
    expect(conditionsOf({ from: '2026-11-26T10:30', to: '2026-11-26T10:30' })).toBe(
      `op_time=[${new Date('2026-11-26T10:30:00.000').toISOString()}~${new Date('2026-11-26T10:30:59.999').toISOString()}]`,
    )
    expect(conditionsOf({ to: 'no day' })).toBeUndefined()
    expect(conditionsOf({ type: 'robot', resource: 'ci' })).toBe('resource_type=robot,resource=~ci')
    expect(conditionsOf({})).toBeUndefined()
  })

  test('of an address, only what the filter knows is taken', () => {
    expect(auditSearch({ who: 42, result: false, q: 'x', from: '' })).toEqual({ who: '42', result: 'false' })
  })
})
