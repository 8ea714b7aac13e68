import { expect, test } from 'bun:test'
import { EventStreams, type Listening } from './server-sent-events.ts'

const request = (signal?: AbortSignal) => new Request('http://localhost/', signal === undefined ? {} : { signal })

async function* ticking({ wait }: Listening) {
  let number = 0
  do yield { event: 'tick', id: String(++number), data: { number, text: 'a\nb' } }
  while (await wait())
}

test('an event is its name, its id and one line of data', async () => {
  const streams = new EventStreams()
  const answer = streams.respond(request(), 'user:1', async function* () {
    yield { event: 'log', id: '7', data: { line: 'two\nlines' } }
  })
  expect(await answer.text()).toBe('retry: 1000\n\nevent: log\nid: 7\ndata: {"line":"two\\nlines"}\n\n')
  expect(streams.open).toBe(0)
})

test('as many may listen as there is room for, and who leaves makes room', async () => {
  const streams = new EventStreams({ max: 2, pauseMs: 5 })
  const bodies = [streams.respond(request(), 'user:1', ticking), streams.respond(request(), 'user:1', ticking)].map(
    ({ body }) => body!,
  )
  expect(() => streams.respond(request(), 'user:1', ticking)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
  await bodies[0]!.cancel()
  expect(streams.open).toBe(1)
  await streams.respond(request(), 'user:1', ticking).body!.cancel()
  await bodies[1]!.cancel()
})

test('one account does not take the place of others', async () => {
  const streams = new EventStreams({ maxPerOwner: 2, pauseMs: 5 })
  const listen = (owner: string) => streams.respond(request(), owner, ticking).body!
  const bodies = [listen('user:1'), listen('user:1')]
  expect(() => listen('user:1')).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
  bodies.push(listen('user:2'))
  await bodies[0]!.cancel()
  bodies.push(listen('user:1'))
  for (const body of bodies.slice(1)) await body.cancel()
  expect(streams.open).toBe(0)
})

test('a stream ends with its life, with the process, and with the connection', async () => {
  const short = new EventStreams({ lifeMs: 30, pauseMs: 5 })
  expect(await short.respond(request(), 'user:1', ticking).text()).toContain('event: tick')
  const streams = new EventStreams({ pauseMs: 60_000 })
  const controller = new AbortController()
  const answers = [
    streams.respond(request(), 'user:1', ticking),
    streams.respond(request(controller.signal), 'user:1', ticking),
  ]
  controller.abort()
  expect(await answers[1]!.text()).toContain('retry')
  streams[Symbol.dispose]()
  expect(await answers[0]!.text()).toContain('retry')
  expect(streams.open).toBe(0)
  expect(() => streams.respond(request(), 'user:1', ticking)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
})

test('while nothing happens the connection is kept alive by comments', async () => {
  const streams = new EventStreams({ heartbeatMs: 5, pauseMs: 60_000 })
  const reader = streams.respond(request(), 'user:1', ticking).body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes(': nothing new')) text += (await reader.read()).value
  await reader.cancel()
  expect(streams.open).toBe(0)
})

test('a client that does not read keeps the source waiting', async () => {
  const streams = new EventStreams({ lifeMs: 200 })
  let made = 0
  const answer = streams.respond(request(), 'user:1', async function* () {
    for (;;) yield { event: 'flood', data: ++made }
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(made).toBeLessThan(5)
  await answer.body!.cancel()
})
