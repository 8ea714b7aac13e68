import { describe, expect, test } from 'bun:test'
import type { MetricFamily } from '../http/ops/metric-families.ts'
import type { ProcessEnd, WorkerProcess } from '../runtime/worker-process.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { lookForHungEveryMs, Supervisor, WorkersFailed, type EndedWorker } from './supervisor.ts'

const facts = { urls: ['http://localhost:8080'], defaultPasswordStands: false }

class FakeProcess implements WorkerProcess<ToWorker, FromWorker> {
  readonly number: number
  readonly pid: number
  readonly heard: ToWorker[] = []
  readonly signals: string[] = []
  say: (message: FromWorker) => void = () => {}
  end: (end: ProcessEnd) => void = () => {}

  constructor(number: number, pid: number) {
    this.number = number
    this.pid = pid
  }
  send(message: ToWorker): void {
    this.heard.push(message)
  }
  onMessage(listener: (message: FromWorker) => void): void {
    this.say = listener
  }
  onEnd(listener: (end: ProcessEnd) => void): void {
    this.end = listener
  }
  kill(signal: NodeJS.Signals): void {
    this.signals.push(signal)
  }
  ready(): void {
    this.say({ kind: 'ready', ...facts })
  }
  die(): void {
    this.end({ code: null, signal: 'SIGKILL' })
  }
}

function compose(count: number) {
  const spawned: FakeProcess[] = []
  const ended: EndedWorker[] = []
  const hung: number[] = []
  const waiting: { work: () => void; ms: number; cancelled: boolean }[] = []
  let now = 0
  const supervisor = new Supervisor({
    count,
    config: { any: 'thing' },
    spawn: (number) => {
      const process = new FakeProcess(number, 100 + spawned.length)
      spawned.push(process)
      return process
    },
    stopTimeoutMs: 40_000,
    onEnded: (end) => ended.push(end),
    onHung: ({ worker }) => hung.push(worker),
    later: (work, ms) => {
      const entry = { work, ms, cancelled: false }
      waiting.push(entry)
      return () => void (entry.cancelled = true)
    },
    now: () => now,
  })
  const start = async () => {
    const started = supervisor.start()
    for (let number = 0; number < count; number += 1) {
      spawned[number]!.ready()
      await settled()
    }
    return await started
  }
  /** Does what waits, as if the time for it had come. */
  const elapse = () => {
    for (const { work, cancelled } of waiting.splice(0)) if (!cancelled) work()
  }
  return { supervisor, spawned, ended, hung, waiting, start, elapse, advance: (ms: number) => void (now += ms) }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
const joinsOf = (process: FakeProcess) => process.heard.find((message) => message.kind === 'start')?.joins

describe('workers', () => {
  test('the first starts alone, then the others join it', async () => {
    const { supervisor, spawned } = compose(3)
    const started = supervisor.start()
    expect(spawned.map(joinsOf)).toEqual([false])
    spawned[0]!.ready()
    await settled()
    expect(spawned.map(joinsOf)).toEqual([false, true, true])
    spawned[1]!.ready()
    spawned[2]!.ready()
    expect(await started).toMatchObject(facts)
  })

  test('when the first ends before it is ready, the start has failed with its code', async () => {
    const { supervisor, spawned, ended } = compose(2)
    const started = supervisor.start()
    spawned[0]!.end({ code: 78, signal: null })
    const error = await started.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(WorkersFailed)
    expect((error as WorkersFailed).exitCode).toBe(78)
    expect([spawned.length, ended.length]).toEqual([1, 0])
  })

  test('a dead one is started again, and joins the others, which hear nothing of it', async () => {
    const { spawned, start, elapse, ended } = compose(2)
    await start()
    const before = spawned[0]!.heard.length
    spawned[1]!.die()
    elapse()
    expect(spawned.map(({ number }) => number)).toEqual([1, 2, 2])
    expect(joinsOf(spawned[2]!)).toBe(true)
    expect(spawned[0]!.heard.length).toBe(before)
    expect(ended).toMatchObject([{ worker: 2, pid: 101, signal: 'SIGKILL', restartInMs: 0 }])
  })

  test('one that dies again and again waits longer each time; after a minute of life it begins anew', async () => {
    const { spawned, start, elapse, ended, advance } = compose(2)
    await start()
    for (let death = 0; death < 10; death += 1) {
      spawned.at(-1)!.die()
      elapse()
    }
    expect(ended.map(({ restartInMs }) => restartInMs)).toEqual([
      0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ])
    advance(60_000)
    spawned.at(-1)!.die()
    expect(ended.at(-1)?.restartInMs).toBe(0)
  })

  test('all are told to stop at once; none is started again meanwhile; the stop ends with the last of them', async () => {
    const { supervisor, spawned, start, elapse, waiting, ended } = compose(2)
    await start()
    spawned[1]!.die()
    let stopped = false
    const stopping = supervisor.stop().then(() => (stopped = true))
    expect(spawned[0]!.heard.at(-1)).toEqual({ kind: 'stop' })
    waiting.splice(1) // the restart only: the time for stopping is not over
    elapse()
    await settled()
    expect([spawned.length, stopped]).toEqual([2, false])
    spawned[0]!.end({ code: 0, signal: null })
    await stopping
    expect(ended.at(-1)?.restartInMs).toBeUndefined()
  })

  test('one that does not end in time is cut off', async () => {
    const { supervisor, spawned, start, elapse } = compose(2)
    await start()
    const stopping = supervisor.stop()
    elapse()
    expect(spawned.map(({ signals }) => signals)).toEqual([['SIGKILL'], ['SIGKILL']])
    for (const process of spawned) process.die()
    await stopping
  })

  test('one that says nothing for a minute is cut off and started again, and no other', async () => {
    const { supervisor, spawned, hung, start, elapse, advance } = compose(2)
    await start()
    for (let look = 0; look < 8; look += 1) {
      spawned[0]!.say({ kind: 'alive' })
      advance(lookForHungEveryMs)
      supervisor.cutOffHung()
    }
    expect([hung, spawned[0]!.signals, spawned[1]!.signals]).toEqual([[2], [], ['SIGKILL']])
    spawned[1]!.die()
    elapse()
    expect(spawned.map(({ number }) => number)).toEqual([1, 2, 2])
    // Its start may take as long as it needs.
    for (let look = 0; look < 20; look += 1) {
      spawned[0]!.say({ kind: 'alive' })
      advance(lookForHungEveryMs)
      supervisor.cutOffHung()
    }
    expect([hung, spawned[2]!.signals]).toEqual([[2], []])
  })

  test('after a pause of the whole machine nobody is taken for one that hangs', async () => {
    const { supervisor, hung, start, advance } = compose(2)
    await start()
    supervisor.cutOffHung()
    advance(3_600_000)
    supervisor.cutOffHung()
    advance(lookForHungEveryMs)
    supervisor.cutOffHung()
    expect(hung).toEqual([])
  })

  test('news of one reaches the others, and not itself', async () => {
    const { spawned, start } = compose(3)
    await start()
    const news = { kind: 'signal', signal: { kind: 'jobs' } } as const
    spawned[1]!.say(news)
    expect(spawned.map(({ heard }) => heard.filter(({ kind }) => kind === 'signal').length)).toEqual([1, 0, 1])
  })
})

describe('metrics', () => {
  const requests = (value: number): MetricFamily => ({
    ...{ name: 'requests_total', type: 'counter', help: '', across: 'sum' },
    samples: [['', value]],
  })
  const memory: MetricFamily = {
    ...{ name: 'memory', type: 'gauge', help: '', across: 'each' },
    samples: [['', 1]],
  }
  const answersTo = (process: FakeProcess) =>
    process.heard.flatMap((message) => (message.kind === 'metrics-of-others' ? [message] : []))
  const inquiryOf = (process: FakeProcess) => {
    const asked = process.heard.findLast((message) => message.kind === 'report-metrics')
    return asked?.kind === 'report-metrics' ? asked.inquiry : -1
  }

  test('the worker that is asked gets those of the others', async () => {
    const { spawned, start } = compose(3)
    await start()
    spawned[0]!.say({ kind: 'want-metrics', inquiry: 7 })
    for (const process of [spawned[1]!, spawned[2]!]) {
      process.say({ kind: 'metrics', inquiry: inquiryOf(process), families: [requests(process.number)] })
    }
    expect(answersTo(spawned[0]!)).toEqual([
      {
        ...{ kind: 'metrics-of-others', inquiry: 7 },
        reports: [
          { worker: 2, families: [requests(2)] },
          { worker: 3, families: [requests(3)] },
        ],
      },
    ])
  })

  test('one that does not answer is left out', async () => {
    const { spawned, start, elapse } = compose(2)
    await start()
    spawned[0]!.say({ kind: 'want-metrics', inquiry: 1 })
    elapse()
    expect(answersTo(spawned[0]!)).toMatchObject([{ reports: [] }])
  })

  test('what a dead worker counted stays counted; what it measured is gone', async () => {
    const { spawned, start, elapse } = compose(2)
    await start()
    for (const counted of [5, 6]) {
      spawned.at(-1)!.say({ kind: 'metrics', families: [requests(counted), memory] })
      spawned.at(-1)!.die()
      elapse()
    }
    spawned[0]!.say({ kind: 'want-metrics', inquiry: 1 })
    elapse()
    expect(answersTo(spawned[0]!)[0]?.reports).toEqual([{ families: [requests(11)] }])
  })
})
