import type { RegistryUnderTest } from './registry.ts'
import { expectStatus, V2Client } from './v2-client.ts'

/** Switches a property of the project on in which the repositories of scenarios lie. */
export async function switchOn(registry: RegistryUnderTest, name: string): Promise<void> {
  const [project] = registry.newRepository().split('/')
  const body = new TextEncoder().encode(JSON.stringify({ metadata: { [name]: 'true' } }))
  const headers = { 'content-type': 'application/json', 'x-is-resource-name': 'true' }
  const client = new V2Client(registry)
  await expectStatus(await client.request(`/api/v2.0/projects/${project}`, { method: 'PUT', headers, body }), 200)
}
