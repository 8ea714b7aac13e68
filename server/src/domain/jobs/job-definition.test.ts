import { expect, test } from 'bun:test'
import { z } from 'zod'
import { defineJob } from './job-definition.ts'

const scan = defineJob('scan', z.object({ digest: z.string(), deep: z.boolean() }))

test('who asks and who does the work speak of the same kind and payload', () => {
  const asked = scan.of({ digest: 'd', deep: true })
  expect(asked).toEqual({ kind: 'scan', payload: { digest: 'd', deep: true } })
  expect(scan.parse(asked.payload)).toEqual({ digest: 'd', deep: true })
  // @ts-expect-error A payload without its fields is refused before the program runs.
  expect(() => scan.parse(scan.of({ digest: 'd' }).payload)).toThrow()
})

test('a job that another version wrote can be shown, with the fields that are there', () => {
  expect(scan.read({ digest: 'd', later: 1 })).toEqual({ digest: 'd' })
  expect(scan.read(null)).toEqual({})
})
