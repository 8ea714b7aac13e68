import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from './listener.ts'
import type { Sent } from './sent-watch.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-sent-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'blob')
/** More than the kernel takes from us while nobody reads. */
const sizeBytes = 32 << 20
writeFileSync(file, new Uint8Array(sizeBytes))

async function serveFile() {
  const ended: Sent[] = []
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    onError: (error) => {
      throw error
    },
    fetch: async (_request, connection) => {
      connection.onSent((sent) => ended.push(sent))
      return new Response(Bun.file(file))
    },
  })
  const until = async (count: number) => {
    while (ended.length < count) await Bun.sleep(5)
  }
  return { listener, ended, until, [Symbol.asyncDispose]: async () => void (await listener.stop(0)) }
}

test('the end of an answer is told once, after its last byte', async () => {
  await using served = await serveFile()
  for (const count of [1, 2]) {
    const answer = await fetch(`http://127.0.0.1:${served.listener.port}/`)
    expect((await answer.arrayBuffer()).byteLength).toBe(sizeBytes)
    await served.until(count)
  }
  expect(served.ended).toEqual([{ aborted: false }, { aborted: false }])
})

test('an answer that nobody reads has no end, and a client that goes away is told as that', async () => {
  await using served = await serveFile()
  const socket = connect(served.listener.port, '127.0.0.1', () => {
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  })
  await new Promise((resolve) => socket.once('readable', resolve))
  for (let look = 0; look < 20; look += 1) await Bun.sleep(5)
  expect(served.ended).toEqual([])
  socket.destroy()
  await served.until(1)
  expect(served.ended).toEqual([{ aborted: true }])
})
