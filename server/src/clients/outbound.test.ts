import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isGuardedAddress, isPublicAddress } from './address-guard.ts'
import { composeOutbound, OutboundFailure } from './outbound.ts'

describe('the guard of outbound requests', () => {
  test.each([
    '127.0.0.1',
    '127.8.9.10',
    '0.0.0.0',
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::169.254.169.254',
    '2002:7f00:1::',
    'fe80::1',
    'fe80::1%eth0',
    'fd00:ec2::254',
    'ff02::1',
    '100.64.0.1',
    '100.127.255.254',
    '192.0.2.1',
    '198.51.100.7',
    '203.0.113.9',
    '198.18.0.1',
    '198.19.255.255',
    '192.88.99.1',
    '240.0.0.1',
    'fd20:ce::254',
    'fd00:ec2::23',
    'fec0::1',
    'feff::1',
    '2001::1',
    '2001:0:5ef5:79fd:0:59d:a0e5:ba1',
    '2001:2::1',
    '2001:db8::1',
    '3fff::1',
    '5f00::1',
    '2002:808:808::1',
    '100::1',
    '64:ff9b:1::808:808',
    '64:ff9b::127.0.0.1',
    '::100.64.0.1',
    '::ffff:100.64.0.1',
    '2600::5efe:127.0.0.1',
    '2600::200:5efe:169.254.169.254',
    'localhost',
    '',
  ])('guards %p', (address) => expect(isGuardedAddress(address)).toBe(true))

  test.each([
    '8.8.8.8',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    'fd12:3456::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '100.63.255.255',
    '100.128.0.1',
    'fd20:ce::253',
    '2600::5efe:8.8.8.8',
    '2606:4700::1111',
  ])('lets %p be called', (address) => expect(isGuardedAddress(address)).toBe(false))

  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])

  test.each(own.map(({ address }) => [address]))('guards %p, an address of this machine', (address) => {
    expect(isGuardedAddress(address)).toBe(true)
    if (!address.includes(':')) expect(isGuardedAddress(`::ffff:${address}`)).toBe(true)
  })

  test.each(['8.8.8.8', '2606:4700::1111', '64:ff9b::8.8.8.8'])('%p lies in the internet', (address) =>
    expect(isPublicAddress(address)).toBe(true),
  )

  test.each([
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    'fc00::1',
    'fd12:3456::1',
    '::ffff:10.0.0.1',
    '::ffff:c0a8:101',
    '64:ff9b::192.168.1.1',
    '127.0.0.1',
    '169.254.169.254',
    'intranet',
  ])('%p does not lie in the internet', (address) => expect(isPublicAddress(address)).toBe(false))
})

describe('outbound requests', () => {
  let server: Server
  let seen: string[] = []
  let answer: (
    path: string,
    authorization: string | undefined,
  ) => { status: number; headers?: Record<string, string>; body?: string }

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization ?? '-'}`)
      const { status, headers = {}, body = '' } = answer(request.url ?? '', request.headers.authorization)
      response.writeHead(status, headers).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => void server.close())

  const url = (host = '127.0.0.1') => `http://${host}:${(server.address() as AddressInfo).port}`
  const messageOf = async (work: Promise<unknown>) =>
    await work.then(
      () => undefined,
      (error: unknown) => (error instanceof OutboundFailure ? error.message : `not foreseen: ${String(error)}`),
    )
  const open = composeOutbound({ allowLocal: true, maxBytes: 1_000 })
  const guarded = composeOutbound({ allowLocal: false })

  test.each(['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1'])(
    'nothing reaches this machine by the name %p',
    async (host) => {
      seen = []
      answer = () => ({ status: 200 })
      expect(await messageOf(guarded({ url: new URL(url(host)) }))).toContain('outbound.allow_local')
      expect(seen).toEqual([])
    },
  )

  test('what the operator allowed is not called for who must keep to the internet', async () => {
    seen = []
    answer = () => ({ status: 200 })
    const outward = composeOutbound({ allowLocal: true, publicOnly: true })
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '10.255.255.1', '192.168.255.1', '[fd00::1]'])
      expect(await messageOf(outward({ url: new URL(url(host)) }))).toContain('no address of the internet')
    expect(seen).toEqual([])
  })

  test('what the operator allowed is called', async () => {
    answer = () => ({ status: 200, body: 'here' })
    expect(await open({ url: new URL(url()) })).toMatchObject({ status: 200, body: 'here' })
  })

  test('a redirect is an answer, not a way around the guard', async () => {
    seen = []
    answer = () => ({ status: 302, headers: { location: '/elsewhere' } })
    expect((await open({ url: new URL(url()) })).status).toBe(302)
    expect(seen).toEqual(['/ -'])
  })

  test('an answer without end is given up', async () => {
    answer = () => ({ status: 200, body: 'x'.repeat(5_000) })
    expect(await messageOf(open({ url: new URL(url()) }))).toContain('more than 1000 bytes')
  })

  test('other protocols and closed ports are failures that somebody foresaw', async () => {
    expect(await messageOf(open({ url: new URL('ftp://example.org') }))).toContain('ftp:')
    expect(await messageOf(open({ url: new URL('http://127.0.0.1:1') }))).toContain('cannot be reached')
  })
})
