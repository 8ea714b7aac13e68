import { expect, test } from 'bun:test'
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { createUniqueImage } from '../harness/image.ts'
import { startRegistry } from '../harness/registry.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

type Json = Record<string, unknown>

const encode = (part: Json): string => Buffer.from(JSON.stringify(part)).toString('base64url')
const decode = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json

describeControlledScenario('an access token', (registry) => {
  const setUp = async () => {
    const account = await addAccount(registry())
    const secret = await addProject(registry())
    const own = await addProject(registry(), [{ username: account.username, role: 'developer' }])
    await new V2Client(registry()).pushImage(`${secret}/app`, createUniqueImage(), 'v1')
    const client = new V2Client(registry(), account)
    await client.pushImage(`${own}/app`, createUniqueImage(), 'v1')
    const nobody = new V2Client(registry(), 'anonymous')
    const pull = async (repository: string, token: string) =>
      (await nobody.request(`/v2/${repository}/manifests/v1`, { headers: { authorization: `Bearer ${token}` } })).status
    return { account, secret, own, client, nobody, pull }
  }

  test('is good for what it says, and no word of it can be changed', async () => {
    const { secret, own, client, pull } = await setUp()
    const token = await client.fetchToken(`repository:${own}/app:pull`)
    expect(await pull(`${own}/app`, token)).toBe(200)
    const [header = '', claims = '', signature = ''] = token.split('.')
    const widened = { ...decode(claims), access: [{ type: 'repository', name: `${secret}/app`, actions: ['pull'] }] }
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const signed = (head: Json, key = privateKey): string => {
      const text = `${encode(head)}.${encode(widened)}`
      return `${text}.${createSign('sha256').update(text).sign({ key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
    }
    const hmac = (secretKey: string): string => {
      const text = `${encode({ ...decode(header), alg: 'HS256' })}.${encode(widened)}`
      return `${text}.${createHmac('sha256', secretKey).update(text).digest('base64url')}`
    }
    const kid = decode(header)['kid']
    const forged = [
      `${header}.${encode(widened)}.${signature}`,
      `${header}.${encode(widened)}.`,
      `${encode({ alg: 'none', typ: 'JWT' })}.${encode(widened)}.`,
      `${encode({ alg: 'None', typ: 'JWT', kid })}.${encode(widened)}.`,
      hmac(''),
      hmac(publicKey.export({ type: 'spki', format: 'pem' }).toString()),
      hmac(String(kid)),
      signed({ alg: 'RS256', typ: 'JWT', kid }),
      signed({ alg: 'RS256', typ: 'JWT', kid, jwk: publicKey.export({ format: 'jwk' }) }),
      signed({ alg: 'ES256', typ: 'JWT', kid }, elliptic.privateKey),
      signed({ alg: 'ES256', typ: 'JWT', jwk: elliptic.publicKey.export({ format: 'jwk' }) }, elliptic.privateKey),
      signed({ alg: 'RS256', typ: 'JWT', jku: `${registry().url}/jwks`, kid: 'x' }),
      signed({ alg: 'RS256', typ: 'JWT', x5u: `${registry().url}/x`, kid }),
      signed({ alg: 'RS256', typ: 'JWT', kid: '../../../dev/null' }),
      signed({ alg: 'RS256', typ: 'JWT', kid: "' or 1=1 --" }),
      `${token}x`,
      token.slice(0, -1),
      '..',
      'x',
      'x'.repeat(6000),
    ]
    for (const text of forged) {
      expect({ text: text.slice(0, 60), status: await pull(`${secret}/app`, text) }).toEqual({
        text: text.slice(0, 60),
        status: 401,
      })
    }
  })

  test('gives nothing that its account may not do, whatever was asked for', async () => {
    const { secret, own, client, pull, nobody } = await setUp()
    const token = await client.fetchToken(`repository:${secret}/app:pull,push,delete`, `repository:${own}/app:pull`)
    expect([401, 403]).toContain(await pull(`${secret}/app`, token))
    const pushed = await nobody.request(`/v2/${own}/app/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    expect([401, 403]).toContain(pushed.status)
  })

  test('of another registry is worth nothing, for the same account and the same repository', async () => {
    const repository = registry().newRepository()
    await new V2Client(registry()).pushImage(repository, createUniqueImage(), 'v1')
    await using other = await startRegistry()
    const foreign = await new V2Client(other).fetchToken(`repository:${repository}:pull`)
    const own = await new V2Client(registry()).fetchToken(`repository:${repository}:pull`)
    const { pull } = await setUp()
    expect([await pull(repository, own), await pull(repository, foreign)]).toEqual([200, 401])
  })

  test('gives nothing any more once its account is no member, or has another password', async () => {
    const { account, own, client, nobody } = await setUp()
    const token = await client.fetchToken(`repository:${own}/app:pull,push`)
    const ask = async (method: string, path: string) =>
      (
        await nobody.request(`/v2/${own}/app/${path}`, {
          method,
          headers: { authorization: `Bearer ${token}` },
        })
      ).status
    expect([await ask('GET', 'manifests/v1'), await ask('POST', 'blobs/uploads/')]).toEqual([200, 202])
    await registry().control.berth(['project', 'member', 'set-role', own, account.username, 'guest'])
    expect([await ask('GET', 'manifests/v1'), await ask('POST', 'blobs/uploads/')]).toEqual([200, 403])
    await registry().control.berth(['project', 'member', 'remove', own, account.username])
    expect([await ask('GET', 'manifests/v1'), await ask('POST', 'blobs/uploads/')]).toEqual([403, 403])
    await registry().control.berth(['user', 'set-password', account.username, '--password-stdin'], 'Another12345\n')
    expect([await ask('GET', 'manifests/v1'), await ask('POST', 'blobs/uploads/')]).toEqual([401, 401])
  })

  test('is worth nothing from the moment its account is disabled', async () => {
    const { account, own, client, pull } = await setUp()
    const token = await client.fetchToken(`repository:${own}/app:pull`)
    expect(await pull(`${own}/app`, token)).toBe(200)
    await registry().control.berth(['user', 'disable', account.username])
    expect(await pull(`${own}/app`, token)).toBe(401)
    await expectStatus(await client.request(`/v2/${own}/app/manifests/v1`), 401)
  })
})
