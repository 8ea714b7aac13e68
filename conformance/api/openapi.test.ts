import { expect, test } from 'bun:test'
import { parse } from 'yaml'
import { describeScenario } from '../harness/scenario.ts'
import { basicOf } from './contract-client.ts'

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>
}

describeScenario('the description of the interfaces', (registry) => {
  const fetchText = async (path: string) => {
    const answer = await fetch(`${registry().url}/api/v2.0${path}`)
    expect([path, answer.status]).toEqual([path, 200])
    return await answer.text()
  }

  test('is the same as JSON, as YAML, and where tools for Harbor look', async () => {
    const document = JSON.parse(await fetchText('/openapi.json')) as Document
    expect(JSON.parse(await fetchText('/swagger.json'))).toEqual(document)
    expect(parse(await fetchText('/openapi.yaml'), { maxAliasCount: 0 })).toEqual(document)
  })

  test('of /v2 names exactly the methods that each endpoint has', async () => {
    const { paths } = JSON.parse(await fetchText('/openapi-distribution.json')) as Document
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map((each) => each.operationId))
    expect(new Set(ids).size).toBe(ids.length)
    for (const [path, methods] of Object.entries(paths).filter(([each]) => each.startsWith('/v2/'))) {
      const filled = path
        .replace('{name}', 'library/app')
        .replace('{digest}', `sha256:${'0'.repeat(64)}`)
        .replace(/\{\w+\}/, 'v1')
      const answer = await fetch(`${registry().url}${filled}`, {
        method: 'PROPFIND',
        headers: { authorization: basicOf(registry()) },
      })
      const allowed = answer.headers.get('allow')?.split(', ').toSorted()
      const described = Object.keys(methods).map((method) => method.toUpperCase())
      // GET answers HEAD, too, where the specification has no word about it.
      if (path === '/v2/') described.push('HEAD')
      expect({ path, status: answer.status, allowed }).toEqual({ path, status: 405, allowed: described.toSorted() })
    }
  })

  test('of what lies beside the API has addresses that answer', async () => {
    const { paths } = JSON.parse(await fetchText('/openapi-distribution.json')) as Document
    for (const path of Object.keys(paths).filter((each) => !each.startsWith('/v2/'))) {
      const answer = await fetch(`${registry().url}${path}`, { headers: { authorization: basicOf(registry()) } })
      expect([path, path === '/service/token' ? 400 : 200]).toEqual([path, answer.status])
    }
  })
})
