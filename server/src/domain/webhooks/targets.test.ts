import { describe, expect, test } from 'bun:test'
import { bodyOf } from './bodies.ts'
import { messageOf } from './sign.ts'
import { parseTargets, type GivenTarget, type Target } from './targets.ts'

const given: GivenTarget = {
  type: 'http',
  address: 'https://ci.example.org/hook?token=1',
  authHeader: '',
  skipCertificateCheck: false,
  format: '',
  template: '',
  signingSecret: undefined,
}
const messageFor = (change: Partial<GivenTarget>) => () => parseTargets('p', [{ ...given, ...change }])

describe('targets of a webhook', () => {
  test.each([
    [{ address: '' }, 'empty URL'],
    [{ address: 'ftp://example.org' }, 'invalid scheme: ftp'],
    [{ address: 'http://user:pass@example.org' }, 'give an auth_header'],
    [{ type: 'email' }, 'unsupported target type email with policy p'],
    [{ type: 'slack', format: 'Default' }, 'set payload format is not allowed for slack'],
    [{ format: 'XML' }, 'unsupported payload format type: XML'],
    [{ authHeader: 'a\r\nx: y' }, 'one line'],
    [{ type: 'slack', signingSecret: 's' }, 'cannot be signed'],
    [{ format: 'Template' }, 'needs a template'],
    [{ format: 'Template', template: '{{oops' }, 'looks like {{event_data.repository.name}}'],
    [{ template: 'text' }, 'belongs to the payload format Template'],
  ])('are refused when they cannot be: %j', (change, message) => {
    expect(messageFor(change)).toThrow(message)
  })

  test('keep the query, where chats have their token, and are http without a scheme', () => {
    expect(parseTargets('p', [given])).toMatchObject([{ address: given.address, format: 'Default' }])
    expect(parseTargets('p', [{ ...given, address: '10.1.2.3/hook' }])).toMatchObject([
      { address: 'http://10.1.2.3/hook' },
    ])
    expect(() => parseTargets('p', [])).toThrow('empty notification target with policy p')
  })

  test('keep name and secret while their address stays, and lose the secret when it is another', () => {
    const [before] = parseTargets('p', [{ ...given, signingSecret: 'whsec_YSBzZWNyZXQgb2YgdGhlIHJlY2VpdmVy' }])
    const [same] = parseTargets('p', [{ ...given, authHeader: 'Bearer x' }], [before!])
    expect(same).toMatchObject({
      key: before!.key,
      signingSecret: 'whsec_YSBzZWNyZXQgb2YgdGhlIHJlY2VpdmVy',
      authHeader: 'Bearer x',
    })
    const [moved] = parseTargets('p', [{ ...given, address: 'https://evil.example.net/' }], [before!])
    expect(moved!.signingSecret).toBe('')
    expect(moved!.key).not.toBe(before!.key)
    expect(parseTargets('p', [{ ...given, signingSecret: '' }], [before!])[0]!.signingSecret).toBe('')
  })

  test('have no secret that only looks like one', () => {
    for (const signingSecret of ['whsec_', 'whsec_c2VjcmV0', 'whsec_not base64 at all, as long as it is'])
      expect(() => parseTargets('p', [{ ...given, signingSecret }])).toThrow('base64')
  })
})

describe('a message', () => {
  const target = (change: Partial<Target>): Target => ({ ...parseTargets('p', [given])[0]!, ...change })

  test('is signed as Standard Webhooks says, by its own example', () => {
    const { headers, body } = messageOf(
      target({ signingSecret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }),
      { contentType: 'application/json', text: '{"test": 2432232314}' },
      { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', now: 1_614_265_330_000 },
    )
    expect(body).toBe('{"test": 2432232314}')
    expect(headers).toEqual({
      'content-type': 'application/json',
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  test('carries the auth header as it was given, and none to a chat', () => {
    const text = { contentType: 'application/json', text: '{}' }
    const signing = { id: 'x', now: 0 }
    expect(messageOf(target({ authHeader: 'Secret 1' }), text, signing).headers['authorization']).toBe('Secret 1')
    expect(messageOf(target({ type: 'slack', authHeader: 'Secret 1' }), text, signing).headers).not.toHaveProperty(
      'authorization',
    )
  })

  test('has the sign of the robots of DingTalk and Feishu', () => {
    const text = bodyOf(
      { type: 'PULL_ARTIFACT', occurredAt: 0, operator: '', projectId: 1, project: 'p', isPublic: true },
      { type: 'feishu', format: 'Default', template: '' },
      { policyId: 1, eventId: 'x', host: 'h' },
    )
    const ding = messageOf(target({ type: 'dingtalk', signingSecret: 'SEC1' }), text, {
      id: 'x',
      now: 1_700_000_000_000,
    })
    expect(ding.url.searchParams.get('token')).toBe('1')
    expect(ding.url.searchParams.get('timestamp')).toBe('1700000000000')
    expect(ding.url.searchParams.get('sign')).toHaveLength(44)
    const feishu = messageOf(target({ type: 'feishu', signingSecret: 'SEC1' }), text, {
      id: 'x',
      now: 1_700_000_000_000,
    })
    expect(JSON.parse(feishu.body)).toMatchObject({ timestamp: '1700000000', msg_type: 'text' })
  })
})
