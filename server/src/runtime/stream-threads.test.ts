import { afterAll, describe, expect, test } from 'bun:test'
import { StreamThreads, ThreadDied, threadProgram, ThreadStuck } from './stream-threads.ts'

const program = threadProgram('server/src/runtime/stream-thread-for-test.ts')
const threads = new StreamThreads({ program, maxThreads: 2, stuckAfterMs: 20_000, deadlineMs: 60_000 })
afterAll(() => threads[Symbol.asyncDispose]())

const nothing = async function* () {}
async function* chunks(count: number, bytes: number) {
  for (let at = 0; at < count; at++) yield new Uint8Array(bytes)
}

describe('work on a stream runs in a thread', () => {
  test('which gets every byte of it, however large its pieces are', async () => {
    expect(await threads.run({}, () => chunks(300, 1000))).toEqual([300_000])
    expect(await threads.run({}, () => chunks(3, 5_000_000))).toEqual([15_000_000])
    expect(await threads.run({}, nothing)).toEqual([0])
  })

  test('and may open it again, in the middle too', async () => {
    expect(await threads.run({ passes: 2 }, () => chunks(20, 1000))).toEqual([20_000, 20_000])
    expect(await threads.run({ passes: 2, act: 'break' }, () => chunks(20, 1000))).toEqual([1000, 20_000])
  })

  test('more runs than there are threads wait for each other', async () => {
    const runs = Array.from({ length: 9 }, (_, at) => threads.run({}, () => chunks(at, 1000)))
    expect(await Promise.all(runs)).toEqual(Array.from({ length: 9 }, (_, at) => [at * 1000]))
  })

  test('no more of it is read than the thread can take soon', async () => {
    let read = 0
    async function* counting() {
      for (; read < 100; read++) yield new Uint8Array(1000)
    }
    await expect(threads.run({ act: 'throw' }, counting)).rejects.toThrow('the handler says no')
    expect(read).toBeLessThan(10)
  })
})

describe('a run that goes wrong', () => {
  const strict = new StreamThreads({ program, maxThreads: 1, stuckAfterMs: 300, deadlineMs: 3_000 })
  afterAll(() => strict[Symbol.asyncDispose]())
  const stillWorks = async () => expect(await strict.run({}, () => chunks(2, 10))).toEqual([20])

  test('a thread that is stuck is ended, and the next run has another', async () => {
    await expect(strict.run({ act: 'hang' }, nothing)).rejects.toBeInstanceOf(ThreadStuck)
    await stillWorks()
  })

  test('a thread that dies is told', async () => {
    await expect(strict.run({ act: 'exit' }, nothing)).rejects.toBeInstanceOf(ThreadDied)
    await stillWorks()
  })

  test('a stream that breaks says its own error', async () => {
    async function* failing() {
      yield new Uint8Array(10)
      throw new Error('EIO')
    }
    await expect(strict.run({}, failing)).rejects.toThrow('EIO')
    await stillWorks()
  })

  test('a slow stream is no stuck thread, and a hanging one has its deadline', async () => {
    async function* slow() {
      await new Promise((resolve) => setTimeout(resolve, 600))
      yield new Uint8Array(10)
    }
    expect(await strict.run({}, slow)).toEqual([10])
    async function* hanging() {
      await new Promise(() => {})
      yield new Uint8Array(0)
    }
    await expect(strict.run({}, hanging)).rejects.toBeInstanceOf(ThreadStuck)
  })

  test('one that is stopped stops', async () => {
    const stop = new AbortController()
    const run = strict.run({ act: 'hang' }, nothing, { signal: stop.signal })
    stop.abort(new Error('stopped'))
    await expect(run).rejects.toThrow('stopped')
    await stillWorks()
  })
})
