import { expect, test } from 'bun:test'
import { WriteBudget } from './write-budget.ts'

test('nobody waits while there is room', () => {
  const budget = new WriteBudget(10)
  budget.take(9)
  expect(budget.room()).toBeUndefined()
})

test('uploads wait while too much is on its way to the disk', async () => {
  const budget = new WriteBudget(10)
  budget.take(20)
  let woken = false
  void budget.room()!.then(() => (woken = true))
  budget.give(10)
  await Bun.sleep(5)
  expect(woken).toBe(false)
  budget.give(1)
  await Bun.sleep(5)
  expect(woken).toBe(true)
})

test('room that the one woken does not use goes to the next', async () => {
  const budget = new WriteBudget(10)
  budget.take(10)
  const waits = [budget.room()!, budget.room()!, budget.room()!]
  budget.give(10)
  await Promise.all(waits)
})

test('the one woken takes its bytes before the next is asked', async () => {
  const budget = new WriteBudget(10)
  budget.take(10)
  const order: number[] = []
  const waits = [1, 2].map(async (id) => {
    await budget.room()
    order.push(id)
    budget.take(10)
  })
  budget.give(10)
  await waits[0]
  await Bun.sleep(5)
  expect(order).toEqual([1])
  budget.give(10)
  await waits[1]
  expect(order).toEqual([1, 2])
})

test('after one slow write in the event loop there is none for a while', () => {
  const budget = new WriteBudget(10)
  budget.timed(() => {})
  expect(budget.writesAreQuick()).toBe(true)
  budget.timed(() => Bun.sleepSync(30))
  expect(budget.writesAreQuick()).toBe(false)
})
