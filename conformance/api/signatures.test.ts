import { expect, test } from 'bun:test'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { signImage } from '../harness/cosign.ts'
import { eventually } from '../harness/eventually.ts'
import { createUniqueImage } from '../harness/image.ts'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient } from './contract-client.ts'

const signers = '/projects/{project_name_or_id}/signers'
const artifacts = '/projects/{project_name}/repositories/{repository_name}/artifacts'
const item = `${artifacts}/{reference}`

interface Method {
  readonly state: string
}
interface Verdict {
  readonly cosign: Method
  readonly notation: Method
}

describeControlledScenario('signatures', (registry) => {
  const admin = () => new ApiClient(registry())
  const pemOf = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString()
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const trust = async (project: string, name: string, definition: object) =>
    await admin().call(`POST ${signers}`, { params: { project_name_or_id: project }, body: { name, definition } })
  const inApp = (project: string) => ({ project_name: project, repository_name: 'app', reference: 'v1' })
  /** The verdict by cosign is this one, within the time that its job takes. */
  const expectVerdict = async (project: string, wanted: string): Promise<void> =>
    await eventually(async () => {
      const { body } = await admin().call<Verdict>(`GET ${item}/signature-verdict`, { params: inApp(project) })
      expect(body.cosign.state).toBe(wanted)
    })

  test('a signature is verified when it comes, and again whenever signers change', async () => {
    const project = await addProject(registry())
    const client = new V2Client(registry())
    const image = createUniqueImage()
    await client.pushImage(`${project}/app`, image, 'v1')
    await expectVerdict(project, 'unsigned')
    const [release, stranger] = [pair(), pair()]
    await signImage(client, `${project}/app`, image.descriptor, release.privateKey)
    await expectVerdict(project, 'unnamed')
    expect((await trust(project, 'stranger', { kind: 'key', public_key: pemOf(stranger.publicKey) })).status).toBe(201)
    await expectVerdict(project, 'untrusted')
    const made = await trust(project, 'release', { kind: 'key', public_key: pemOf(release.publicKey) })
    await expectVerdict(project, 'verified')

    const found = await admin().call<{ state: string; signer?: { name: string } }[]>(`GET ${item}/signatures`, {
      params: inApp(project),
    })
    expect(found.body).toMatchObject([{ state: 'verified', signer: { name: 'release' }, method: 'cosign' }])
    type Graph = { nodes: { signature?: object }[] }
    const graph = await admin().call<Graph>(`GET ${item}/graph`, { params: inApp(project) })
    expect(graph.body.nodes.map(({ signature }) => signature)).toEqual(
      expect.arrayContaining([undefined, { state: 'verified', signer: 'release' }]),
    )
    const accessories = await admin().call<object[]>(`GET ${item}/accessories`, { params: inApp(project) })
    expect(accessories.body).toMatchObject([{ type: 'signature.cosign', signature: { state: 'verified' } }])

    const id = Number(made.headers.get('location')?.split('/').at(-1))
    const params = { project_name_or_id: project, signer_id: id }
    expect((await admin().call(`DELETE ${signers}/{signer_id}`, { params })).status).toBe(200)
    await expectVerdict(project, 'untrusted')
  })

  test('a copy brings its signatures, and is judged by those who are trusted there', async () => {
    const [from, to] = [await addProject(registry()), await addProject(registry())]
    const client = new V2Client(registry())
    const image = createUniqueImage()
    await client.pushImage(`${from}/app`, image, 'v1')
    const { privateKey, publicKey } = pair()
    await trust(from, 'release', { kind: 'key', public_key: pemOf(publicKey) })
    await signImage(client, `${from}/app`, image.descriptor, privateKey)
    await expectVerdict(from, 'verified')
    const copied = await admin().call(`POST ${artifacts}`, {
      params: { project_name: to, repository_name: 'app' },
      query: `from=${from}/app:v1`,
    })
    expect(copied.status).toBe(201)
    await expectVerdict(to, 'unnamed')
  })

  test('a signer that cannot be used is refused when it is named, and says why', async () => {
    const project = await addProject(registry())
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const policy = {
      version: '1.0',
      trustPolicies: [
        {
          ...{ name: 'all', registryScopes: ['*'], signatureVerification: { level: 'strict' } },
          ...{ trustStores: ['ca:company'], trustedIdentities: ['*'] },
        },
      ],
    }
    const table: readonly (readonly [object, RegExp])[] = [
      [{ kind: 'key', public_key: 'none' }, /expected one PEM block/],
      [{ kind: 'key', public_key: pemOf(publicKey) }, /1024 bits is too short/],
      [{ kind: 'certificate', certificates: pemOf(pair().publicKey) }, /no PEM block BEGIN CERTIFICATE/],
      [{ kind: 'keyless', issuer: 'https://id.example.com', subject: 'a', trusted_root: {} }, /names no authority/],
      [{ kind: 'notation', trust_policy: policy, trust_stores: {} }, /the trust store ca:company/],
    ]
    for (const [definition, why] of table) {
      const { status, body } = (await trust(project, 'x', definition)) as { status: number; body: unknown }
      expect([status, JSON.stringify(body)]).toEqual([400, expect.stringMatching(why)])
    }
    const left = await admin().call<object[]>(`GET ${signers}`, { params: { project_name_or_id: project } })
    expect(left.body).toEqual([])
  })
})
