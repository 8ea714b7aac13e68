import { afterAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { ClientTooSlow, listen, type Connection, type Listener, type ListenOptions, type TlsPair } from './listener.ts'
import { until } from '../../test/until.ts'

const open: Listener[] = []
afterAll(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop(0)))
})

interface Seen {
  readonly line: string
  readonly body: string
}

/** A listener that notes every request that reaches the handler, with the body it read. */
async function recording(options: Partial<ListenOptions> = {}) {
  const seen: Seen[] = []
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    onError: (error) => {
      throw error
    },
    fetch: async (request, connection) => {
      const body = await readAll(connection)
      seen.push({ line: `${request.method} ${new URL(request.url).pathname}`, body })
      return new Response('answered')
    },
    ...options,
  })
  open.push(listener)
  return { listener, seen }
}

async function readAll(connection: Connection): Promise<string> {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of connection.body() ?? []) chunks.push(chunk)
  } catch (error) {
    return `aborted: ${(error as Error).name}`
  }
  return Buffer.concat(chunks).toString('latin1')
}

/** Sends bytes as they are and returns everything that comes back until the other end closes, or `waitMs`. */
function sendRaw(listener: Listener, bytes: string, waitMs = 250): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(listener.port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')))
    const end = (closed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ text, closed })
    }
    const timer = setTimeout(() => end(false), waitMs)
    socket.on('data', (data) => (text += data.toString('latin1')))
    socket.on('close', () => end(true))
    socket.on('error', () => end(true))
  })
}

describe('request smuggling', () => {
  const ambiguous: Record<string, string> = {
    'Transfer-Encoding beside Content-Length':
      'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'Content-Length beside Transfer-Encoding':
      'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n',
    'two different Content-Length': 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 6\r\n\r\nabcd',
    'the same Content-Length twice':
      'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd',
    'a list as Content-Length': 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\nabcd',
    'a signed Content-Length': 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd',
    'a negative Content-Length': 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nabcd',
    'a hexadecimal Content-Length': 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nabcd',
    'an empty Content-Length': 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n',
    'a Content-Length beyond 64 bits':
      'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551620\r\n\r\nabcd',
    'a space before the colon': 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\nabcd',
    'an unknown Transfer-Encoding': 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'chunked that is not last': 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
    'Transfer-Encoding twice':
      'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
    'a control character before chunked':
      'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n',
    'Transfer-Encoding in HTTP/1.0': 'POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'a folded header': 'GET /x HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n',
    'a folded Transfer-Encoding':
      'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n',
    'a bare CR in a value': 'GET /x HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n',
    'a bare LF in a value': 'GET /x HTTP/1.1\r\nHost: a\r\nX: a\nContent-Length: 4\r\n\r\nabcd',
    'a NUL in a value': 'GET /x HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n',
    'a space in a field name': 'GET /x HTTP/1.1\r\nHost: a\r\nX y: a\r\n\r\n',
    'bare LF line ends': 'GET /x HTTP/1.1\nHost: a\n\n',
    'a space in the target': 'GET /x y HTTP/1.1\r\nHost: a\r\n\r\n',
    'no Host': 'GET /x HTTP/1.1\r\n\r\n',
    'an absolute target without Host': 'GET http://evil.example/x HTTP/1.1\r\n\r\n',
    'two Hosts': 'GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'a Host with a path': 'GET /x HTTP/1.1\r\nHost: a/../b\r\n\r\n',
    'a Host with a user': 'GET /x HTTP/1.1\r\nHost: admin@a\r\n\r\n',
    'a Host with markup': 'GET /x HTTP/1.1\r\nHost: a<script>\r\n\r\n',
    'CONNECT in HTTP/1.0 without Host': 'CONNECT evil.example:443 HTTP/1.0\r\n\r\n',
    'an empty Host': 'GET /x HTTP/1.1\r\nHost:\r\n\r\n',
    CONNECT: 'CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n',
    'the HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'HTTP/0.9': 'GET /x\r\n\r\n',
  }
  for (const [what, bytes] of Object.entries(ambiguous)) {
    test(`${what} is refused, the connection closed and nothing behind it read as a request`, async () => {
      const { listener, seen } = await recording()
      const answer = await sendRaw(listener, `${bytes}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`)
      expect(seen).toEqual([])
      expect(answer.text).toMatch(/^HTTP\/1\.1 (400|505) /)
      expect(answer.text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
      expect(answer.closed).toBe(true)
    })
  }

  const brokenChunks: Record<string, string> = {
    'a chunk longer than announced': '3\r\nabcd\r\n0\r\n\r\n',
    'a negative chunk size': '-4\r\nabcd\r\n0\r\n\r\n',
    'a chunk size with 0x': '0x4\r\nabcd\r\n0\r\n\r\n',
    'a chunk size beyond 64 bits': 'FFFFFFFFFFFFFFFFF\r\nabcd\r\n0\r\n\r\n',
    'bare LF after a chunk size': '4\nabcd\n0\n\n',
    'bare LF in a chunk extension': '4;a\nabcd\r\n0\r\n\r\n',
  }
  for (const [what, chunks] of Object.entries(brokenChunks)) {
    test(`${what} aborts the body and the connection`, async () => {
      const { listener, seen } = await recording()
      const head = 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
      const answer = await sendRaw(listener, `${head}${chunks}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`)
      expect(seen).toEqual([{ line: 'POST /x', body: 'aborted: BodyIncomplete' }])
      expect(answer.closed).toBe(true)
      expect(answer.text).not.toContain('200')
    })
  }

  test('an absolute target is read as a path of this server, whatever host it names', async () => {
    const { listener, seen } = await recording()
    await sendRaw(listener, 'GET http://evil.example/v2/ HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(seen).toEqual([{ line: 'GET /v2/', body: '' }])
  })

  test('HTTP/1.0 needs no Host, as probes of load balancers leave it out: path, query and body are read all the same', async () => {
    const urls: string[] = []
    const { listener } = await recording({
      fetch: async (request, connection) => {
        urls.push(`${request.method} ${request.url} ${await readAll(connection)}`)
        return new Response('answered')
      },
    })
    for (const head of ['GET /health', 'OPTIONS /', 'HEAD //v2/?n=1', 'GET http://evil.example/x']) {
      const { text } = await sendRaw(listener, `${head} HTTP/1.0\r\n\r\n`)
      expect([head, text.slice(0, 15)]).toEqual([head, 'HTTP/1.1 200 OK'])
    }
    await sendRaw(listener, 'POST /x HTTP/1.0\r\nContent-Length: 4\r\n\r\nabcd')
    const own = `http://127.0.0.1:${listener.port}`
    expect(urls).toEqual([
      `GET ${own}/health `,
      `OPTIONS ${own}/ `,
      `HEAD ${own}//v2/?n=1 `,
      `GET ${own}/x `,
      `POST ${own}/x abcd`,
    ])
  })

  test('an h2c upgrade is ignored', async () => {
    const { listener } = await recording()
    const upgrade =
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n'
    const answer = await sendRaw(listener, `GET /x HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`)
    expect(answer.text).toStartWith('HTTP/1.1 200')
  })

  test('a body on GET is not read as the next request', async () => {
    const { listener, seen } = await recording()
    const inner = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
    await sendRaw(listener, `GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`)
    expect(seen.map((each) => each.line)).toEqual(['GET /x'])
  })

  test('headers beyond 16 KiB and more than 200 fields are refused', async () => {
    const { listener, seen } = await recording()
    const large = await sendRaw(listener, `GET /x HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)
    const many = Array.from({ length: 300 }, (_, index) => `X${index}: a\r\n`).join('')
    const numerous = await sendRaw(listener, `GET /x HTTP/1.1\r\nHost: a\r\n${many}\r\n`)
    expect([large.text, numerous.text].map((text) => text.slice(9, 12))).toEqual(['431', '431'])
    expect(seen).toEqual([])
  })
})

describe('what a Host may look like', () => {
  for (const host of [
    'registry.example.com',
    'localhost:8080',
    '10.0.0.1:5000',
    '[::1]:8080',
    '[fe80::1]',
    'my_host',
  ]) {
    test(`${host} is accepted`, async () => {
      const { listener } = await recording()
      const answer = await sendRaw(listener, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      expect(answer.text).toStartWith('HTTP/1.1 200')
    })
  }
})

describe('slow clients', () => {
  // Bun's timers tick every four seconds: 8 means 4 to 8.
  const timeouts = { idleSeconds: 8, bodyStallSeconds: 8, bodyGraceSeconds: 1, bodyBytesPerSecond: 100 }

  test.concurrent('a slow upload lives as long as its bytes move, beyond the idle timeout', async () => {
    const { listener, seen } = await recording({ timeouts })
    const answer = drip(
      listener,
      'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 12000\r\n\r\n',
      'a'.repeat(500),
      500,
      24,
    )
    expect((await answer).text).toStartWith('HTTP/1.1 200')
    expect(seen[0]?.body).toHaveLength(12_000)
  }, 30_000)

  test.concurrent('an upload that drips a byte now and then is cut off', async () => {
    let thrown: unknown
    const { listener } = await recording({
      timeouts,
      fetch: async (_request, connection) => {
        try {
          for await (const _chunk of connection.body()!);
        } catch (error) {
          thrown = error
        }
        return new Response('too slow', { status: 408, headers: { connection: 'close' } })
      },
    })
    const { text: answer } = await drip(
      listener,
      'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n',
      'a',
      300,
      50,
    )
    expect(thrown).toBeInstanceOf(ClientTooSlow)
    expect(answer).toStartWith('HTTP/1.1 408')
  }, 30_000)

  test.concurrent('an upload that falls silent is cut off', async () => {
    const { listener, seen } = await recording({ timeouts })
    await drip(listener, 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n', 'a', 100, 1)
    expect(seen).toEqual([{ line: 'POST /x', body: 'aborted: BodyIncomplete' }])
  }, 30_000)

  test.concurrent('headers that never end are cut off, though they keep coming', async () => {
    const { listener, seen } = await recording()
    const pieces = 60
    const { sent } = await drip(listener, 'GET /x HTTP/1.1\r\nHost: a\r\nX: ', 'a', 1000, pieces)
    expect(sent).toBeLessThan(pieces)
    expect(seen).toEqual([])
  }, 30_000)

  test.concurrent('our own slowness after the body does not cut the client off, and the idle timeout holds afterwards', async () => {
    const { listener } = await recording({
      timeouts,
      fetch: async (_request, connection) => {
        for await (const _chunk of connection.body()!);
        await Bun.sleep(9_000)
        return new Response('hashed')
      },
    })
    const answer = await sendRaw(listener, 'PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd', 25_000)
    expect(answer.text).toEndWith('hashed')
    expect(answer.closed).toBe(true)
  }, 30_000)

  test('a body in single bytes leaves the others their turn', async () => {
    let most = 0
    const { listener } = await recording({
      fetch: async (_request, connection) => {
        let inThisTurn = 0
        let reading = true
        const nextTurn = () => {
          inThisTurn = 0
          if (reading) setImmediate(nextTurn)
        }
        nextTurn()
        for await (const _chunk of connection.body()!) most = Math.max(most, (inThisTurn += 1))
        reading = false
        return new Response('read')
      },
    })
    const head = 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
    const answer = await sendRaw(listener, `${head}${'1\r\na\r\n'.repeat(20_000)}0\r\n\r\n`, 10_000)
    expect(answer.text).toStartWith('HTTP/1.1 200')
    expect(most).toBeLessThanOrEqual(128)
  }, 30_000)

  test('500 connections that hold headers and bodies back do not slow the others down', async () => {
    const { listener } = await recording()
    const held = Array.from({ length: 500 }, (_, index) => {
      const socket = connect(listener.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(
        index % 2 === 0
          ? 'GET / HTTP/1.1\r\nHost: a\r\nX: '
          : 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na',
      )
      return socket
    })
    let answered = 0
    for (let round = 0; round < 200; round += 1) {
      const answer = await fetch(`http://127.0.0.1:${listener.port}/`)
      answered += answer.status === 200 ? 1 : 0
    }
    // All of it happened while the others held on: none was cut off to make room, and none was waited for.
    expect(held.filter((socket) => !socket.closed)).toHaveLength(500)
    expect(answered).toBe(200)
    for (const socket of held) socket.destroy()
  }, 30_000)
})

/**
 * Writes `head`, then `piece` every `everyMs`, `times` over; resolves when the other end closes or answers, with what
 * came back and how many pieces had gone.
 */
function drip(
  listener: Listener,
  head: string,
  piece: string,
  everyMs: number,
  times: number,
): Promise<{ readonly text: string; readonly sent: number }> {
  return new Promise((resolve) => {
    let text = ''
    let sent = 0
    const socket = connect(listener.port, '127.0.0.1', () => socket.write(head))
    const timer = setInterval(() => {
      if (sent === times) return clearInterval(timer)
      sent += 1
      socket.write(piece)
    }, everyMs)
    const end = () => {
      clearInterval(timer)
      socket.destroy()
      resolve({ text, sent })
    }
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (text.startsWith('HTTP/1.1 ')) end()
    })
    socket.on('close', end)
    socket.on('error', end)
  })
}

describe('stopping', () => {
  test('answers what is in flight, refuses what is new, and reports that nothing was cut off', async () => {
    const finish = Promise.withResolvers<Response>()
    const { listener } = await recording({ fetch: () => finish.promise })
    const url = `http://127.0.0.1:${listener.port}/`
    const running = fetch(url).then((response) => response.text())
    await until(() => listener.inFlight() === 1)
    const stopped = listener.stop(20_000)
    await expect(fetch(url)).rejects.toThrow()
    finish.resolve(new Response('finished'))
    expect(await running).toBe('finished')
    expect(await stopped).toBe(true)
    expect(listener.inFlight()).toBe(0)
  })

  test('cuts off what does not finish within the drain time', async () => {
    const { listener } = await recording({ fetch: () => new Promise<Response>(() => {}) })
    const running = fetch(`http://127.0.0.1:${listener.port}/`).then(
      () => 'answered',
      () => 'cut off',
    )
    await until(() => listener.inFlight() === 1)
    expect(await listener.stop(300)).toBe(false)
    expect(await running).toBe('cut off')
  })

  test('a port that is taken is an error, with TLS too', async () => {
    const tls = makeCertificate('first.example')
    for (const secure of [undefined, tls]) {
      const { listener } = await recording(secure === undefined ? {} : { tls: secure })
      const second = recording({ port: listener.port, ...(secure === undefined ? {} : { tls: secure }) })
      await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE', port: listener.port })
    }
  })

  test('a handler that throws is reported and answered without its words', async () => {
    const errors: unknown[] = []
    const { listener } = await recording({
      fetch: () => Promise.reject(new Error('password=secret')),
      onError: (error) => errors.push(error),
    })
    const answer = await fetch(`http://127.0.0.1:${listener.port}/`)
    expect(answer.status).toBe(500)
    expect(await answer.text()).toBe('internal error\n')
    expect(errors).toHaveLength(1)
  })
})

describe('certificate change', () => {
  // A connection that crosses the end of the old listener may be reset by the kernel (docs/guides/tls.md), so none does.
  const unchecked = { tls: { rejectUnauthorized: false } }

  /** A listener whose answer to /large goes on when the test says so. */
  async function composeTransfer(overlapMs: number) {
    const rest = Promise.withResolvers<void>()
    const { listener } = await recording({
      tls: makeCertificate('first.example'),
      timeouts: { overlapMs },
      fetch: (request) => {
        if (new URL(request.url).pathname === '/small') return new Response('small')
        const body = new ReadableStream({
          async start(controller) {
            controller.enqueue(new Uint8Array(1_000))
            await rest.promise
            controller.enqueue(new Uint8Array(39_000))
            controller.close()
          },
        })
        return new Response(body)
      },
    })
    const url = `https://127.0.0.1:${listener.port}`
    expect(await subjectSeenBy(listener)).toBe('first.example')
    const transfer = await fetch(`${url}/large`, unchecked)
    const small = async () => await (await fetch(`${url}/small`, { ...unchecked, keepalive: false })).text()
    return { listener, transfer, small, finish: rest.resolve }
  }

  test('a transfer that runs is finished on the old one; new connections see the new one', async () => {
    const { listener, transfer, small, finish } = await composeTransfer(0)
    await listener.replaceCertificate(makeCertificate('second.example'))
    expect(listener.inFlight()).toBe(1)
    for (let round = 0; round < 8; round += 1) {
      expect(await subjectSeenBy(listener)).toBe('second.example')
      expect(await small()).toBe('small')
    }
    finish()
    expect((await transfer.arrayBuffer()).byteLength).toBe(40_000)
    await until(() => listener.inFlight() === 0)
  }, 30_000)

  test('while both are served, every new connection is answered', async () => {
    const { listener, small, transfer, finish } = await composeTransfer(3_600_000)
    void listener.replaceCertificate(makeCertificate('second.example'))
    const seen = new Set<string>()
    for (let round = 0; round < 40; round += 1) {
      expect(await small()).toBe('small')
      seen.add(await subjectSeenBy(listener))
    }
    expect([...seen].filter((subject) => !['first.example', 'second.example'].includes(subject))).toEqual([])
    finish()
    expect((await transfer.arrayBuffer()).byteLength).toBe(40_000)
  }, 30_000)

  test('a pair that cannot be used is refused, and the old one goes on', async () => {
    const { listener, small, finish } = await composeTransfer(0)
    const { certificate } = makeCertificate('second.example')
    await expect(listener.replaceCertificate({ certificate, privateKey: 'no key' })).rejects.toThrow()
    expect([await subjectSeenBy(listener), await small()]).toEqual(['first.example', 'small'])
    finish()
  }, 30_000)
})

function subjectSeenBy(listener: Listener): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port: listener.port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

function makeCertificate(name: string): TlsPair {
  const folder = mkdtempSync(join(tmpdir(), 'berth-listener-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const options = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  execFileSync('openssl', [...options, '-subj', `/CN=${name}`, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  })
  const pair = { certificate: readFileSync(certificate, 'utf8'), privateKey: readFileSync(key, 'utf8') }
  rmSync(folder, { recursive: true })
  return pair
}
