import { afterEach, describe, expect, test } from 'bun:test'
import pg from 'pg'
import { composePostgresSignals } from './postgres-signals.ts'
import type { Signal, Signals } from './signals.ts'

const url = process.env['BERTH_TEST_POSTGRES'] ?? ''

if (url === '') test.skip('signals between processes: NOT RUN, set BERTH_TEST_POSTGRES', () => {})
else {
  describe('signals between processes', () => {
    const opened: Signals[] = []
    afterEach(async () => {
      for (const signals of opened.splice(0)) await signals[Symbol.asyncDispose]()
    })
    const open = () => {
      const heard: Signal[] = []
      let gaps = 0
      const signals = composePostgresSignals({ url, onError: () => {} })
      opened.push(signals)
      signals.onSignal((signal) => heard.push(signal))
      signals.onGap(() => gaps++)
      return { signals, heard, gaps: () => gaps }
    }
    const until = async (what: () => boolean) => {
      for (let tries = 0; !what(); tries++) {
        if (tries > 400) throw new Error('it did not come')
        await Bun.sleep(20)
      }
    }
    /** Repeats the signal until it is heard: a listener that has not connected yet misses it. */
    const untilHeard = async (from: Signals, signal: Signal, by: { heard: Signal[] }) =>
      await until(() => {
        from.send(signal)
        return by.heard.some((each) => Bun.deepEquals(each, signal))
      })

    test('are heard by every other process and not by the one that sends them', async () => {
      const [one, two, three] = [open(), open(), open()]
      const signal: Signal = { kind: 'login-failed', username: "o'neil $1", clientAddress: '192.0.2.1' }
      await untilHeard(one.signals, signal, two)
      await untilHeard(one.signals, signal, three)
      expect(one.heard).toEqual([])
    })

    test('that were missed while the connection was gone are known to be missed', async () => {
      const [one, two] = [open(), open()]
      await untilHeard(one.signals, { kind: 'jobs' }, two)
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'berth signals'",
      )
      await until(() => two.gaps() > 0)
      await untilHeard(one.signals, { kind: 'signing-keys' }, two)
      await client.end()
    })

    test('that a newer version sends and this one does not know are passed over', async () => {
      const [one, two] = [open(), open()]
      await untilHeard(one.signals, { kind: 'jobs' }, two)
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      for (const payload of ['', '{', '{"from":"x","signal":{"kind":"of-tomorrow"}}']) {
        await client.query('select pg_notify($1, $2)', ['berth_signals', payload])
      }
      await client.end()
      await untilHeard(one.signals, { kind: 'signing-keys' }, two)
      expect(two.heard.every(({ kind }) => kind === 'jobs' || kind === 'signing-keys')).toBe(true)
    })
  })
}
