import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { parseDigest } from '#contract/digest.ts'
import { codeOf, failureOf, readAll, ScriptedRegistry } from './scripted-registry-for-test.ts'

/** Attempts of a registry that means harm, or that somebody took over, on the client. */

const ada = { accessKey: 'ada', accessSecret: 'a-secret' }
const basic = `Basic ${Buffer.from('ada:a-secret').toString('base64')}`
const content = Buffer.from('the content')
const digest = parseDigest(`sha256:${createHash('sha256').update(content).digest('hex')}`)
const short = { connectMs: 300, silenceMs: 300, wholeMs: 600, windowMs: 200, minBytes: 1_000 }

let registry: ScriptedRegistry
let other: ScriptedRegistry
beforeAll(async () => {
  registry = await ScriptedRegistry.start()
  other = await ScriptedRegistry.start()
})
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

describe('bytes that are not what was asked for', () => {
  test('of a manifest, by digest and by tag', async () => {
    registry.answers(() => ({ status: 200, body: 'something else', headers: { 'docker-content-digest': digest } }))
    using client = registry.client()
    expect(await codeOf(client.manifests.find('team/app', digest))).toBe('DIGEST_MISMATCH')
    expect(await codeOf(client.manifests.find('team/app', 'v1'))).toBe('DIGEST_MISMATCH')
    const another = parseDigest(`sha256:${'0'.repeat(64)}`)
    expect(await codeOf(client.manifests.stat('team/app', another))).toBe('DIGEST_MISMATCH')
  })

  test('of a blob: the stream fails before its end is believed', async () => {
    registry.answers(() => ({ status: 200, body: 'the CONTENT' }))
    using client = registry.client()
    const blob = await client.blobs.open('team/app', digest)
    expect(await codeOf(readAll(blob!.bytes))).toBe('DIGEST_MISMATCH')
  })

  test('a blob that is larger or smaller than its manifest says', async () => {
    using client = registry.client()
    registry.answers(() => ({ status: 200, headers: { 'content-length': '11' }, body: content }))
    for (const sizeBytes of [10, 12]) {
      expect(await codeOf(client.blobs.open('team/app', digest, { sizeBytes }))).toBe('DIGEST_MISMATCH')
    }
    // Without Content-Length it is found while it comes.
    registry.answers(() => ({ status: 200, body: content }))
    const blob = await client.blobs.open('team/app', digest, { sizeBytes: 10 })
    expect(await codeOf(readAll(blob!.bytes))).toBe('TOO_LARGE')
  })
})

describe('more than anybody can hold', () => {
  test('a manifest of 10 GB is refused by its length, before its bytes', async () => {
    registry.answers((_request, response) => {
      response.writeHead(200, { 'content-length': String(10 * 2 ** 30) })
      response.write('{')
      return undefined
    })
    using client = registry.client()
    expect(await codeOf(client.manifests.find('team/app', 'v1'))).toBe('TOO_LARGE')
  })

  test.each(['manifests', 'tags', 'catalog', 'token'])('%s without length and end', async (what) => {
    const block = 'x'.repeat(256 * 1024)
    let written = 0
    registry.answers(({ path }, response) => {
      if (what === 'token' && !path.startsWith('/token')) {
        return { status: 401, headers: { 'www-authenticate': `Bearer realm="${registry.url}/token"` } }
      }
      response.writeHead(200)
      const more = () => {
        if (response.destroyed || written > 2 ** 28) return
        written += block.length
        response.write(block, more)
      }
      more()
      return undefined
    })
    const limits = { manifestBytes: 1_000_000, pageBytes: 1_000_000 }
    using client = registry.client({ credential: ada }, { limits })
    const work = {
      manifests: () => client.manifests.find('team/app', 'v1'),
      tags: () => Array.fromAsync(client.lists.walkTags('team/app')),
      catalog: () => Array.fromAsync(client.lists.walkRepositories()),
      token: () => client.ping(),
    }[what]!
    expect(await codeOf(work())).toBe('TOO_LARGE')
    expect(written).toBeLessThan(2 ** 26)
  })

  test('a list without end: pages, entries, or a circle', async () => {
    let page = 0
    registry.answers(() => ({
      status: 200,
      headers: { link: `</v2/team/app/tags/list?last=${++page}>; rel="next"` },
      body: JSON.stringify({ tags: [`t${page}`] }),
    }))
    const tags = (limits: object) => {
      const client = registry.client({}, { limits })
      return codeOf(Array.fromAsync(client.lists.walkTags('team/app')).finally(() => client[Symbol.dispose]()))
    }
    expect(await tags({ pages: 50 })).toBe('TOO_LARGE')
    expect(await tags({ entries: 50 })).toBe('TOO_LARGE')
    registry.answers(() => ({
      status: 200,
      headers: { link: '</v2/team/app/tags/list?last=same>; rel="next"' },
      body: '{"tags":["a"]}',
    }))
    expect(await tags({})).toBe('INVALID_ANSWER')
    expect(registry.seen.length).toBe(2)
  })

  test('bytes behind those that were announced', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 11\r\n\r\n${content.toString()}and more`)
        setTimeout(() => socket.write('x'.repeat(100_000)), 10)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    using client = registry.client({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    const blob = await client.blobs.open('team/app', digest)
    expect((await readAll(blob!.bytes)).toString()).toBe(content.toString())
    server.close()
  })
})

describe('slower than anybody can wait', () => {
  test('an answer that never begins', async () => {
    registry.answers(() => undefined)
    using client = registry.client({}, { timeouts: short, retries: { attempts: 2 } })
    expect(await codeOf(client.ping())).toBe('TIMED_OUT')
    expect(registry.seen.length).toBe(2)
  })

  test('a server that takes the connection and says nothing', async () => {
    const server = createServer((socket) => void socket.on('error', () => {}))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    using client = registry.client({ url }, { timeouts: short, retries: { attempts: 1 } })
    expect(await codeOf(client.ping())).toBe('TIMED_OUT')
    using secure = registry.client({ url: url.replace('http', 'https') }, { timeouts: short, retries: { attempts: 1 } })
    expect(await codeOf(secure.ping())).toBe('TIMED_OUT')
    server.close()
  })

  test.each(['a manifest', 'a blob'])('%s that drips', async (what) => {
    registry.answers((_request, response) => {
      response.writeHead(200, { 'content-length': '100000' })
      const drip = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(drip))
      return undefined
    })
    using client = registry.client({}, { timeouts: short, retries: { attempts: 1 } })
    if (what === 'a manifest') expect(await codeOf(client.manifests.find('team/app', 'v1'))).toBe('TIMED_OUT')
    else {
      const blob = await client.blobs.open('team/app', digest)
      expect(await codeOf(readAll(blob!.bytes))).toBe('TIMED_OUT')
    }
  })

  test('a body that falls silent', async () => {
    registry.answers((_request, response) => {
      response.writeHead(200, { 'content-length': '100000' })
      response.write('x')
      return undefined
    })
    using client = registry.client({}, { timeouts: short, retries: { attempts: 1 } })
    expect(await codeOf(client.manifests.find('team/app', 'v1'))).toBe('TIMED_OUT')
  })

  test('a chunk that nobody takes', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', (head: Buffer) => {
        if (head.toString().startsWith('POST')) {
          socket.end('HTTP/1.1 202 Accepted\r\nconnection: close\r\nlocation: /upload\r\ncontent-length: 0\r\n\r\n')
        } else socket.pause()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    using client = registry.client({ url }, { timeouts: short, retries: { attempts: 1 } })
    const large = 64 * 1024 * 1024
    const open = async () => new Blob([new Uint8Array(large)]).stream() as AsyncIterable<Uint8Array>
    expect(await codeOf(client.uploads.push('team/app', { digest, sizeBytes: large, open }))).toBe('TIMED_OUT')
    server.close()
  })
})

describe('places that nobody meant', () => {
  const redirectTo = (location: string) => registry.answers(() => ({ status: 307, headers: { location } }))

  test('a redirect to metadata of the cloud, or to this machine, is not followed', async () => {
    // The registry itself is here, as for an operator who typed its address; where it leads to is guarded all the same.
    using client = registry.client({ credential: ada }, { allowLocal: false, allowLocalHome: true })
    for (const location of [
      'http://169.254.169.254/latest/meta-data/',
      'http://[::ffff:169.254.169.254]/',
      'http://2852039166/latest/meta-data/',
      'http://100.100.100.200/',
      `http://localhost:${other.host.split(':')[1]}/`,
      `${other.url}/`,
      'http://[::1]:1/',
    ]) {
      other.answers(() => ({ status: 200 }))
      redirectTo(location)
      expect([location, await codeOf(client.blobs.open('team/app', digest))]).toEqual([location, 'ADDRESS_REFUSED'])
      expect(other.seen).toEqual([])
    }
  })

  test('nor does a token service, or the place where an upload goes on, lie there', async () => {
    using anonymous = registry.client({}, { allowLocal: false, allowLocalHome: true })
    const realm = 'http://169.254.169.254/latest/meta-data/iam'
    registry.answers(() => ({ status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } }))
    expect(await codeOf(anonymous.manifests.find('team/app', 'v1'))).toBe('ADDRESS_REFUSED')
    registry.answers(() => ({ status: 202, headers: { location: `${other.url}/upload` } }))
    const open = async () => new Blob([content]).stream() as AsyncIterable<Uint8Array>
    const blob = { digest, sizeBytes: content.byteLength, open }
    expect(await codeOf(anonymous.uploads.push('team/app', blob))).toBe('ADDRESS_REFUSED')
  })

  test('nothing here is called when the registry is a name for this machine', async () => {
    registry.answers(() => ({ status: 200 }))
    for (const url of [registry.url, registry.url.replace('127.0.0.1', 'localhost')]) {
      using client = registry.client({ url, credential: ada }, { allowLocal: false })
      const failure = await failureOf(client.ping())
      expect(failure.code).toBe('ADDRESS_REFUSED')
      expect(failure.message).toContain('outbound.allow_local')
    }
    expect(registry.seen).toEqual([])
  })

  test.each([
    ['to another protocol', 'file:///etc/passwd'],
    ['to nothing that is a URL', 'http://'],
    ['in a circle', '/v2/team/app/manifests/v1'],
  ])('a redirect %s', async (_what, location) => {
    redirectTo(location)
    using client = registry.client()
    expect(await codeOf(client.manifests.find('team/app', 'v1'))).toBe('REDIRECT_REFUSED')
    expect(registry.seen.length).toBeLessThan(8)
  })

  test('a redirect to another host takes no credential along', async () => {
    other.answers(() => ({ status: 200, body: content }))
    registry.answers(({ headers }) =>
      headers.authorization === basic
        ? { status: 302, headers: { location: `${other.url}/steal` } }
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
    )
    using client = registry.client({ credential: ada })
    await client.manifests.find('team/app', digest)
    expect(other.lines).toEqual(['GET /steal'])
    expect(other.seen[0]!.headers.authorization).toBeUndefined()
  })

  test('names that climb out of their place are not asked for', async () => {
    registry.answers(() => ({ status: 200, body: '{"tags":[]}' }))
    using client = registry.client({ credential: ada })
    const open = async () => new Blob([content]).stream() as AsyncIterable<Uint8Array>
    for (const name of [
      '../admin',
      'a/../../b',
      'a/%2e%2e/b',
      'a//b',
      'a?b',
      'a#b',
      'A',
      '',
      'a/b\r\nx: y',
      `${'a'.repeat(300)}`,
    ]) {
      const blob = { digest, sizeBytes: 1, open }
      for (const work of [
        () => client.manifests.find(name, 'v1'),
        () => client.manifests.stat(name, 'v1'),
        () => client.manifests.push(name, 'v1', { bytes: content, mediaType: 'a/b' }),
        () => client.manifests.delete(name, 'v1'),
        () => client.blobs.open(name, digest),
        () => client.blobs.stat(name, digest),
        () => client.blobs.delete(name, digest),
        () => client.uploads.push(name, blob),
        () => client.uploads.push('team/app', { ...blob, mountFrom: name }),
        () => Array.fromAsync(client.lists.walkTags(name)),
        () => Array.fromAsync(client.lists.walkReferrers(name, digest)),
      ]) {
        expect([name, await codeOf(work())]).toEqual([name, 'NAME_INVALID'])
      }
    }
    for (const reference of ['..', '../x', 'a/b', 'v1?x', 'sha256:short', '', '-a']) {
      expect(await codeOf(client.manifests.find('team/app', reference))).toBe('NAME_INVALID')
      expect(await codeOf(client.manifests.delete('team/app', reference))).toBe('NAME_INVALID')
    }
    expect(registry.seen).toEqual([])
  })
})

describe('the credential', () => {
  const challengeWith = (realm: string) => {
    registry.answers(({ headers }) =>
      headers.authorization === 'Bearer t'
        ? { status: 200 }
        : { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="s"` } },
    )
    other.answers(() => ({ status: 200, body: '{"token":"t"}' }))
  }

  test('is not given to a token service on another host', async () => {
    challengeWith(`${other.url}/token`)
    using client = registry.client({ credential: ada })
    const failure = await failureOf(client.ping())
    expect(failure.code).toBe('TOKEN_SERVICE_NOT_TRUSTED')
    expect(failure.message).toContain(`add ${other.host} to outbound.token_hosts`)
    expect(other.seen).toEqual([])
  })

  test('unless that host is allowed', async () => {
    challengeWith(`http://eve:pw@${other.host}/token`)
    using client = registry.client({ credential: ada, tokenHosts: [other.host] })
    await client.ping()
    expect(other.seen[0]!.headers.authorization).toBe(basic)
  })

  test('and who has none fetches a token wherever he is sent to', async () => {
    challengeWith(`${other.url}/token`)
    using client = registry.client()
    registry.seen.length = 0
    expect(await client.blobs.stat('team/app', digest).catch((error: unknown) => String(error))).toBeDefined()
    expect(other.lines[0]).toStartWith('GET /token?service=s&scope=repository%3Ateam%2Fapp%3Apull')
    expect(other.seen[0]!.headers.authorization).toBeUndefined()
  })

  test('does not follow where the token service is redirected to', async () => {
    registry.answers(({ path }) =>
      path.startsWith('/token')
        ? { status: 302, headers: { location: `${other.url}/steal` } }
        : { status: 401, headers: { 'www-authenticate': `Bearer realm="${registry.url}/token"` } },
    )
    other.answers(() => ({ status: 200, body: '{"token":"t"}' }))
    using client = registry.client({ credential: ada })
    expect(await codeOf(client.ping())).toBe('INVALID_ANSWER')
    expect(other.seen).toEqual([])
  })

  test.each(['', 'not a url', 'file:///etc/passwd', '//other'])('stays here when the realm is %p', async (realm) => {
    challengeWith(realm)
    using client = registry.client({ credential: ada })
    expect(await codeOf(client.ping())).toBe('INVALID_ANSWER')
  })

  test('stands in no message', async () => {
    registry.answers(({ headers }) => ({
      status: headers.authorization === undefined ? 401 : 403,
      headers: { 'www-authenticate': 'Basic realm="r"' },
      body: JSON.stringify({ errors: [{ code: 'DENIED', message: `no\n\u0007${'long '.repeat(1_000)}` }] }),
    }))
    using client = registry.client({ credential: ada })
    const { message } = await failureOf(client.manifests.find('team/app', 'v1'))
    expect(message).not.toContain('a-secret')
    expect(message).not.toContain('\n')
    expect(message.length).toBeLessThan(300)
  })
})
