import { expect, test } from 'bun:test'
import { describeControlledScenario } from '../harness/scenario.ts'
import { basicOf } from './contract-client.ts'

describeControlledScenario('the API', (registry) => {
  const send = async (method: string, path: string, headers: Record<string, string>, body?: BodyInit) =>
    await fetch(`${registry().url}${path}`, {
      method,
      headers: { authorization: basicOf(registry()), ...headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    })
  const newProject = () => JSON.stringify({ project_name: `body-${crypto.randomUUID().slice(0, 8)}` })

  test.each([
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
    'application/jsonp',
    'application/json, text/plain',
    'application/json; charset=utf-7',
    'application/json; charset=utf-16',
    'text/json',
    '',
  ])('reads no body of the type %p, however good its JSON is', async (type) => {
    const answer = await send('POST', '/api/v2.0/projects', { 'content-type': type }, Buffer.from(newProject()))
    expect(answer.status).toBe(415)
    expect(await answer.json()).toEqual({
      errors: [{ code: 'UNSUPPORTED_MEDIA_TYPE', message: expect.stringContaining('only [application/json]') }],
    })
    // Of an operation without a body as well: nothing that a form can send has an effect.
    const stop = await send('DELETE', '/api/v2.0/users/999999', { 'content-type': type }, Buffer.from('x=1'))
    expect(stop.status).toBe(415)
  })

  test('a body in chunks without a type is not read either', async () => {
    const stream = new ReadableStream({ start: (to) => (to.enqueue(Buffer.from(newProject())), to.close()) })
    const answer = await send('POST', '/api/v2.0/projects', { 'content-type': 'text/plain' }, stream)
    expect(answer.status).toBe(415)
  })

  test.each([
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json; charset="UTF-8"',
  ])('reads a body of the type %s', async (type) => {
    expect((await send('POST', '/api/v2.0/projects', { 'content-type': type }, Buffer.from(newProject()))).status).toBe(
      201,
    )
  })

  test('no type is asked of a request without a body', async () => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await send('POST', '/api/v2.0/projects', type, '')).status).toBe(422)
    expect((await send('DELETE', '/api/v2.0/users/999999', type)).status).toBe(404)
  })

  test('every answer forbids to keep it and to take it for something else', async () => {
    const paths = [
      'GET /api/v2.0/users',
      'GET /api/v2.0/users/current',
      'GET /api/v2.0/projects',
      'GET /api/v2.0/projects/nowhere',
      'GET /api/v2.0/nowhere',
      'PATCH /api/v2.0/users',
      'GET /api/v2.0/openapi.json',
      'GET /api/v2.0/systeminfo',
      'GET /api/v2.0/configurations',
      'GET /api/v2.0/users/current/permissions',
      'GET /api/version',
      'GET /c/session',
      'GET /c/nowhere',
      'POST /c/login',
      'GET /c/oidc/login',
      'GET /c/log_out',
      'GET /service/token?service=harbor-registry',
      'GET /service/token?service=wrong',
      'POST /service/token',
    ]
    for (const each of paths)
      for (const authorization of [basicOf(registry()), 'Basic wrong', 'Bearer wrong']) {
        const [method = '', path = ''] = each.split(' ')
        const { headers } = await send(method, path, { authorization })
        const told = [headers.get('cache-control'), headers.get('x-content-type-options')]
        expect({ each, told }).toEqual({ each, told: ['no-store', 'nosniff'] })
      }
  })
})
