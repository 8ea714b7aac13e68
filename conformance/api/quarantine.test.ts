import { expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { signImage } from '../harness/cosign.ts'
import { eventually } from '../harness/eventually.ts'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario, type Role } from '../harness/scenario.ts'
import { V2Client, type Credentials } from '../harness/v2-client.ts'
import { ApiClient } from './contract-client.ts'

const item = '/projects/{project_name_or_id}'
const artifacts = '/projects/{project_name}/repositories/{repository_name}/artifacts'
const waiting = /is in quarantine until policies let it pass: /

interface Held {
  readonly id: number
  readonly digest: string
  readonly tags: readonly string[]
  readonly pushed_by: string
  readonly awaits: readonly { readonly policy: string; readonly cause: string }[]
}

// Two processes: what one releases, the other gives out, and what both would do is done once.
describeControlledScenario(
  'what is pushed is held back until policies let it pass',
  (registry) => {
    const admin = () => new ApiClient(registry())
    const unkept = { connection: 'close' }

    const prepare = async () => {
      const people: Record<string, Credentials & { role: Role }> = {}
      for (const role of ['developer', 'maintainer', 'guest', 'project-admin'] as const)
        people[role] = { ...(await addAccount(registry())), role }
      const project = await addProject(registry(), Object.values(people))
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
      const params = { project_name_or_id: project }
      const metadata = { quarantine: 'true' }
      expect((await admin().call(`PUT ${item}`, { params, body: { metadata } })).status).toBe(200)
      const signer = { name: 'release', definition: { kind: 'key', public_key: pem } }
      expect((await admin().call(`POST ${item}/signers`, { params, body: signer })).status).toBe(201)
      const policy = { name: 'ours', mode: 'enforce', condition: { kind: 'signed', signers: ['release'] } }
      expect((await admin().call(`POST ${item}/policies`, { params, body: policy })).status).toBe(201)
      const as = (role: Role) => new V2Client(registry(), people[role]!)
      const api = (role: Role) => new ApiClient(registry(), people[role]!)
      const push = async (tag: string) => {
        const image = createUniqueImage()
        await as('developer').pushImage(`${project}/app`, image, tag)
        return image.descriptor
      }
      const pull = async (role: Role, reference: string) => {
        const answer = await as(role).request(`/v2/${project}/app/manifests/${reference}`, { headers: unkept })
        const body = answer.status === 412 ? ((await answer.json()) as { errors: { message: string }[] }) : undefined
        return { status: answer.status, message: body?.errors[0]?.message }
      }
      const pullByToken = async (role: Role, reference: string) => {
        const token = await as(role).fetchToken(`repository:${project}/app:pull`)
        const headers = { ...unkept, authorization: `Bearer ${token}` }
        return await as(role).request(`/v2/${project}/app/manifests/${reference}`, { headers })
      }
      const held = async (role: Role = 'developer') =>
        (await api(role).call<Held[]>(`GET ${item}/quarantine`, { params })).body
      const endings = async () => {
        const query = `project=${project}&limit=1000`
        const { body } = await admin().call<{ events: { type: string }[] }>('GET /events', { query })
        return body.events.map(({ type }) => type).filter((type) => /^(release|reject)_artifact$/.test(type))
      }
      const decide = async (role: Role, id: number, verb: 'release' | 'reject') =>
        (
          await api(role).call(`POST ${item}/quarantine/{artifact_id}/${verb}`, {
            params: { ...params, artifact_id: id },
            body: {
              reason: 'looked at',
              ...(verb === 'reject' ? {} : { expires_at: new Date(Date.now() + 3_600_000).toISOString() }),
            },
          })
        ).status
      return { project, params, privateKey, as, push, pull, pullByToken, held, decide, endings }
    }

    test('until it is signed, those with the right and the one who pushed pull it, and nobody else', async () => {
      const scene = await prepare()
      const image = await scene.push('v1')
      for (const reference of ['v1', image.digest]) {
        expect(await scene.pull('guest', reference)).toEqual({ status: 412, message: expect.stringMatching(waiting) })
        expect((await scene.pull('developer', reference)).status).toBe(200)
        expect((await scene.pull('maintainer', reference)).status).toBe(200)
        for (const [role, status] of [
          ['maintainer', 200],
          ['guest', 412],
        ] as const)
          expect([role, (await scene.pullByToken(role, reference)).status]).toEqual([role, status])
      }
      const [entry] = await scene.held()
      expect(entry).toMatchObject({
        digest: image.digest,
        tags: ['v1'],
        awaits: [{ policy: 'ours', cause: 'unsigned' }],
      })
      await signImage(scene.as('developer'), `${scene.project}/app`, image, scene.privateKey)
      await eventually(async () => expect((await scene.pull('guest', 'v1')).status).toBe(200))
      expect(await scene.held()).toEqual([])
      expect(await scene.endings()).toEqual(['release_artifact'])
    })

    test('a signature of another image is refused at its push, and says why', async () => {
      const scene = await prepare()
      const [image, other] = [await scene.push('v1'), await scene.push('v2')]
      const repository = `${scene.project}/app`
      const signing = signImage(scene.as('developer'), repository, image, scene.privateKey, other)
      await expect(signing).rejects.toThrow(/400.*its signature of sha256:[0-9a-f]{64} is refused/s)
      const referrers = await scene.as('developer').request(`/v2/${repository}/referrers/${image.digest}`)
      expect(((await referrers.json()) as { manifests: unknown[] }).manifests).toEqual([])
    })

    test('a copy is held where it arrives, and what is held is copied nowhere', async () => {
      const [from, to] = [await addProject(registry()), await prepare()]
      const image = createUniqueImage()
      await new V2Client(registry()).pushImage(`${from}/app`, image, 'v1')
      const copy = async (source: string, target: string) =>
        (
          await admin().call(`POST ${artifacts}`, {
            params: { project_name: target, repository_name: 'app' },
            query: `from=${source}/app:v1`,
          })
        ).status
      expect(await copy(from, to.project)).toBe(201)
      expect((await to.pull('guest', 'v1')).status).toBe(412)
      expect(await copy(to.project, from)).toBe(412)
    })

    test('a project administrator releases with a reason, a maintainer rejects, and others do neither', async () => {
      const scene = await prepare()
      const [good, bad] = [await scene.push('good'), await scene.push('bad')]
      const ids = new Map((await scene.held()).map(({ digest, id }) => [digest, id]))
      const [goodId, badId] = [ids.get(good.digest)!, ids.get(bad.digest)!]
      expect([
        await scene.decide('guest', goodId, 'release'),
        await scene.decide('maintainer', goodId, 'release'),
        await scene.decide('developer', badId, 'reject'),
      ]).toEqual([403, 403, 403])
      expect(await scene.decide('project-admin', goodId, 'release')).toBe(200)
      expect(await scene.decide('maintainer', badId, 'reject')).toBe(200)
      expect([(await scene.pull('guest', 'good')).status, (await scene.pull('maintainer', 'bad')).status]).toEqual([
        200, 404,
      ])
      expect(await scene.decide('project-admin', goodId, 'release')).toBe(404)
      expect(await scene.decide('maintainer', goodId, 'reject')).toBe(404)
      const trash = await admin().call<{ digest: string }[]>(`GET ${item}/trash`, { params: scene.params })
      expect(trash.body.map(({ digest }) => digest)).toEqual([bad.digest])
    })

    test('an entry of one project is neither released nor rejected through another', async () => {
      const [mine, other] = [await prepare(), await prepare()]
      await other.push('v1')
      const [{ id }] = (await other.held()) as [Held]
      expect([
        await mine.decide('project-admin', id, 'release'),
        await mine.decide('project-admin', id, 'reject'),
      ]).toEqual([404, 404])
      expect((await other.held()).length).toBe(1)
    })

    test('of a signature that arrives, people who release and people who reject, exactly one decides', async () => {
      const scene = await prepare()
      const images = await Promise.all(Array.from({ length: 8 }, async (_, index) => await scene.push(`v${index}`)))
      const ids = new Map((await scene.held()).map(({ digest, id }) => [digest, id]))
      const answers = await Promise.all(
        images.map(async ({ digest }, index) => {
          const id = ids.get(digest)!
          return await Promise.all([
            index % 2 === 0
              ? signImage(scene.as('developer'), `${scene.project}/app`, { digest }, scene.privateKey).catch(
                  () => 'gone',
                )
              : undefined,
            scene.decide('project-admin', id, 'release'),
            scene.decide('project-admin', id, 'release'),
            scene.decide('maintainer', id, 'reject'),
            scene.decide('maintainer', id, 'reject'),
          ])
        }),
      )
      for (const [, ...statuses] of answers) for (const status of statuses) expect([200, 404]).toContain(status)
      expect(await scene.held()).toEqual([])
      const endings = await scene.endings()
      expect(endings.length).toBe(images.length)
      const there = await Promise.all(images.map(async ({ digest }) => (await scene.pull('guest', digest)).status))
      expect(there.filter((status) => status === 200).length).toBe(
        endings.filter((type) => type === 'release_artifact').length,
      )
      expect(there.filter((status) => status === 404).length).toBe(
        endings.filter((type) => type === 'reject_artifact').length,
      )
    })
  },
  { env: { BERTH_WORKERS: '2' } },
)
