import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { permissionsOfKind } from './jobs.ts'

const domain = join(import.meta.dirname, '../../../domain')

test('every kind of job says who besides the administrators sees its jobs', () => {
  const defined = readdirSync(domain, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) => [...readFileSync(join(domain, file), 'utf8').matchAll(/= defineJob\(\s*'([^']+)'/g)])
    .map(([, kind]) => kind!)
  expect(defined).toContain('scrub')
  expect(Object.keys(permissionsOfKind).toSorted()).toEqual(defined.toSorted())
})
