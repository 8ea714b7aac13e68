import { expect, test } from 'bun:test'
import { createPublicKey, verify } from 'node:crypto'
import { addAccount, describeControlledScenario } from '../harness/scenario.ts'
import { eventually } from '../harness/eventually.ts'
import { ApiClient } from './contract-client.ts'

interface Chain {
  readonly sequence: number
  readonly unsealed: number
  readonly hash: string
  readonly verification?: { readonly through: number; readonly finding_count: number }
}

describeControlledScenario('the chain of the audit log', (registry) => {
  const admin = () => new ApiClient(registry())
  const standing = async () => (await admin().call<Chain>('GET /system/audit-log')).body

  test('a checkpoint is signed by a key of the registry, and is in the audit log', async () => {
    await addAccount(registry())
    const made = await admin().call<{ number: number; sequence: number; document: string; signature: string }>(
      'POST /system/audit-log/checkpoints',
    )
    expect(made.status).toBe(201)
    const { number, document, signature } = made.body
    const keys = await admin().call<{ fingerprint: string; public_key: string }[]>('GET /system/audit-log/keys')
    const { key: fingerprint } = JSON.parse(document) as { key: string }
    const signer = keys.body.find((key) => key.fingerprint === fingerprint)!
    const isRight = verify(
      null,
      Buffer.from(document),
      createPublicKey(signer.public_key),
      Buffer.from(signature, 'base64'),
    )
    expect(isRight).toBe(true)
    const listed = await admin().call<{ number: number }[]>('GET /system/audit-log/checkpoints')
    expect(listed.body[0]!.number).toBe(number)
    const records = await admin().call<{ resource: string }[]>('GET /auditlog-exts', {
      query: 'q=resource_type%3Daudit_checkpoint',
    })
    expect(records.body[0]!.resource).toBe(`checkpoint ${number}`)
  })

  test('what happened is sealed within seconds, and a verification looks at all of it', async () => {
    await addAccount(registry())
    const before = await standing()
    await eventually(async () => expect((await standing()).unsealed).toBe(0))
    const started = await admin().call('POST /system/audit-log/verify')
    expect([started.status, started.headers.get('location')]).toEqual([
      201,
      expect.stringMatching(/\/api\/v2\.0\/jobs\/\d+$/),
    ])
    await eventually(async () => expect((await standing()).verification?.through ?? 0).toBeGreaterThan(before.sequence))
    expect((await standing()).verification).toMatchObject({ finding_count: 0 })
  })

  test('who may not read the audit log of the registry learns nothing of the chain', async () => {
    const stranger = new ApiClient(registry(), await addAccount(registry()))
    for (const operation of ['GET /system/audit-log', 'POST /system/audit-log/checkpoints'] as const)
      expect((await stranger.call(operation)).status).toBe(403)
  })
})
