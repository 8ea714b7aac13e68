import type { RegistryUnderTest } from '../harness/registry.ts'
import { basicOf, type Credential } from './contract-client.ts'

/** An access token as docker fetches it. */
export async function dockerToken(registry: RegistryUnderTest, as: Credential, scope: string): Promise<string> {
  const query = new URLSearchParams({ service: 'harbor-registry', scope })
  const answer = await fetch(`${registry.url}/service/token?${query}`, { headers: { authorization: basicOf(as) } })
  if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${await answer.text()}`)
  return ((await answer.json()) as { token: string }).token
}

/** Whether a token may look into a repository, which need not have anything in it. */
export async function mayPull(registry: RegistryUnderTest, token: string, repository: string): Promise<boolean> {
  const url = `${registry.url}/v2/${repository}/manifests/none`
  const { status } = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  if (status === 404) return true
  if (status === 401 || status === 403) return false
  throw new Error(`unexpected ${status}`)
}
