import { afterAll, expect, test } from 'bun:test'
import { BomThreads } from './bom-threads.ts'

const threads = new BomThreads()
afterAll(() => threads[Symbol.asyncDispose]())

const read = (text: string) =>
  threads.read(async function* () {
    yield Buffer.from(text)
  })

test('a bill of materials is read in a thread, and what is none has its sentence', async () => {
  const bom = { bomFormat: 'CycloneDX', components: [{ type: 'library', purl: 'pkg:npm/lodash@4.17.4' }] }
  expect((await read(JSON.stringify(bom))).packages).toMatchObject([{ kind: 'npm', name: 'lodash', version: '4.17.4' }])
  const refusalOf = async (text: string) => await read(text).catch((error: Error) => error.message)
  for (const text of ['{"not":"one"}', '['])
    expect(await refusalOf(text)).toContain('no bill of materials that is known')
  expect((await read(JSON.stringify(bom))).packages).toHaveLength(1)
})
