import { expect, test } from 'bun:test'
import { readBoundedByKeys, readBoundedRows } from './bounded-rows.ts'

const all = Array.from({ length: 1_000 }, (_, number) => number)

async function page(wanted: number, charactersOf: (row: number) => number, max = 1_000) {
  const asked: number[] = []
  const { rows, isCut } = await readBoundedRows<number>(
    wanted,
    async (limit, last) => {
      asked.push(limit)
      const from = last === undefined ? 0 : last + 1
      return all.slice(from, from + limit)
    },
    charactersOf,
    max,
  )
  return { rows, isCut, asked }
}

test('small rows come as many as are wanted, in few reads, in their order', async () => {
  const { rows, isCut, asked } = await page(500, () => 0)
  expect(rows).toEqual(all.slice(0, 500))
  expect(isCut).toBe(false)
  expect(asked.length).toBeLessThan(6)
})

test('the end of the list is the end of the page', async () => {
  expect((await page(5_000, () => 0)).rows).toEqual(all)
})

test('large rows end a page behind the one that makes it too large, and no more are read than one step has', async () => {
  const { rows, isCut, asked } = await page(500, () => 400)
  expect(rows).toEqual([0, 1, 2])
  expect(isCut).toBe(true)
  expect(asked).toEqual([10])
})

test('a row that is larger than a page alone is a page', async () => {
  expect(await page(500, () => 5_000)).toMatchObject({ rows: [0], isCut: true })
})

test('rows that are gone meanwhile do not end the page of those whose keys are known', async () => {
  const read = async (some: readonly number[]) => some.filter((key) => key % 2 === 0)
  const small = await readBoundedByKeys(all.slice(0, 100), read, () => 0)
  expect(small).toEqual({ rows: all.slice(0, 100).filter((key) => key % 2 === 0), isCut: false })
  const large = await readBoundedByKeys(all.slice(0, 100), read, () => 400, 1_000)
  expect(large).toEqual({ rows: [0, 2, 4], isCut: true })
})
