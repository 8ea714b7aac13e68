import { describe, expect, test } from 'bun:test'
import { anonymous } from '../domain/access/actor.ts'
import { DomainError } from '../domain/errors.ts'
import type { Connection } from '../runtime/listener.ts'
import { errorResponse } from './oci/error-response.ts'
import type { OciServices } from './oci/oci-request.ts'
import { composeOciRouter } from './oci/oci-router.ts'
import { composeRouter, type RouterOptions } from './router.ts'

const connection: Connection = {
  secure: false,
  address: () => '192.0.2.1',
  body: () => undefined,
  receivedBytes: () => 0,
  onSent: () => {},
}
const anybody = async () => ({ actor: anonymous, authorizationSent: true, failedLogin: false })
const nothing = async () => new Response(null, { status: 404 })

/** A router whose /v2 has no registry behind it: every role fails with an unforeseen error. */
function routerWith(authenticate: RouterOptions['authenticate']) {
  const services = {
    admit: () => Promise.reject(new Error('nobody foresaw this')),
    defaultProject: 'library',
  } as Partial<OciServices> as OciServices
  const ignore = () => undefined
  return composeRouter({
    ca: async () => new Response('ca\n'),
    oci: composeOciRouter({ services, tokenService: 'test', originOf: () => 'http://here', onError: ignore }),
    api: nothing,
    session: nothing,
    csrf: { protect: async (_request, _options, next) => await next() },
    authenticate,
    authenticateBrowser: authenticate,
    token: async () => ({ actor: anonymous, response: new Response(null) }),
    ops: {},
    metricsPath: '/metrics',
    clientAddressOf: () => '192.0.2.1',
    isFromThisMachine: () => false,
    newRequestId: () => 'id',
    welcome: () => 'welcome',
    console: async () => undefined,
    errorResponse,
    onError: ignore,
    onAnswered: ignore,
  })
}

describe('every answer of /v2 names the version of its API', () => {
  const ask = async (method: string, path: string, authenticate: RouterOptions['authenticate'] = anybody) =>
    await routerWith(authenticate)(new Request(`http://here${path}`, { method }), connection)

  test.each([
    ['GET', '/v2/', 200],
    ['GET', '/v2', 200],
    ['POST', '/v2/', 405],
    ['PATCH', '/v2/library/app/manifests/v1', 405],
    ['GET', '/v2/nothing/of/this/kind', 404],
    ['GET', '/v2/library/app/manifests/not:a:digest', 400],
    ['GET', '/v2/UPPER/manifests/v1', 400],
    ['GET', '/v2/library/app/manifests/v1', 500],
    ['HEAD', '/v2/library/app/manifests/v1', 500],
    ['DELETE', '/v2/library/app/manifests/v1', 500],
  ])('%s %s', async (method, path, status) => {
    const answer = await ask(method, path)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('docker-distribution-api-version')).toBe('registry/2.0')
  })

  test.each([
    ['too often', 429, () => new DomainError('TOO_MANY_REQUESTS', 'wait', { retryAfterSeconds: 5 })],
    ['for want of the database', 503, () => new DomainError('UNAVAILABLE', 'the database is away')],
    ['as nobody foresaw', 500, () => new Error('nobody foresaw this')],
  ])('when authentication fails %s', async (_how, status, failure) => {
    const answer = await ask('GET', '/v2/library/app/tags/list', () => Promise.reject(failure()))
    expect(answer.status).toBe(status)
    expect(answer.headers.get('docker-distribution-api-version')).toBe('registry/2.0')
  })

  test('and no answer of another door does', async () => {
    for (const path of ['/', '/api/version', '/health', '/v2x', '/service/token']) {
      expect((await ask('GET', path)).headers.get('docker-distribution-api-version')).toBeNull()
    }
  })
})
