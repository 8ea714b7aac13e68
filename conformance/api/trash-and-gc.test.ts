import { expect, test } from 'bun:test'
import { createIndex, createUniqueImage } from '../harness/image.ts'
import { addProject, addAccount, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient, basicOf } from './contract-client.ts'

interface Entry {
  readonly id: number
  readonly kind: string
  readonly digest: string
  readonly repository_name: string
  readonly tags: readonly { readonly name: string }[]
}

interface Run {
  readonly id: number
  readonly job_name: string
  readonly job_status: string
  readonly job_parameters: string
}

const leaseMs = 4_000

describeControlledScenario(
  'trash and garbage collection of the API',
  (registry) => {
    const admin = () => new ApiClient(registry())
    const v2 = () => new V2Client(registry())
    const trashOf = async (project: string, query = '') =>
      await admin().call<Entry[]>('GET /projects/{project_name_or_id}/trash', {
        params: { project_name_or_id: project },
        query,
      })
    const restore = async (project: string, id: number, body: object = {}) =>
      await admin().call('POST /projects/{project_name_or_id}/trash/{entry_id}/restore', {
        params: { project_name_or_id: project, entry_id: id },
        body,
      })
    const remove = async (repository: string, reference: string) =>
      await v2().request(`/v2/${repository}/manifests/${reference}`, { method: 'DELETE' })
    const statusOf = async (repository: string, reference: string) =>
      (await v2().request(`/v2/${repository}/manifests/${reference}`)).status
    const collect = async (parameters: object): Promise<Run> => {
      const body = { schedule: { type: 'Manual' }, parameters }
      const started = await admin().call('POST /system/gc/schedule', { body })
      expect(started.status).toBe(201)
      const id = Number(/\/system\/gc\/(\d+)$/.exec(started.headers.get('location') ?? '')?.[1])
      for (;;) {
        const run = await admin().call<Run>('GET /system/gc/{gc_id}', { params: { gc_id: id } })
        if (['Success', 'Error', 'Stopped'].includes(run.body.job_status)) return run.body
        await Bun.sleep(50)
      }
    }

    test('what was deleted is listed, restored by its number, and forgotten', async () => {
      const project = await addProject(registry())
      const repository = `${project}/app`
      const index = createIndex([createUniqueImage('amd64'), createUniqueImage('arm64')])
      await v2().pushImage(repository, index, 'v1')
      const { digest } = index.descriptor
      expect((await remove(repository, digest)).status).toBe(202)
      expect(await statusOf(repository, 'v1')).toBe(404)
      const { body: entries } = await trashOf(project)
      expect(entries).toEqual([
        expect.objectContaining({ kind: 'artifact', digest, repository_name: repository, deleted_by: 'admin' }),
      ])
      expect(entries[0]!.tags.map(({ name }) => name)).toEqual(['v1'])
      const restored = await restore(project, entries[0]!.id)
      expect(restored).toMatchObject({ status: 200, body: { digest, tags: ['v1'], artifacts: 3 } })
      for (const [each, bytes] of index.content) {
        const kind = bytes[0] === 0x7b && !new TextDecoder().decode(bytes).includes('"rootfs"') ? 'manifests' : 'blobs'
        const answer = await v2().request(`/v2/${repository}/${kind}/${each}`)
        expect([each, answer.status]).toEqual([each, 200])
        expect(new Uint8Array(await answer.arrayBuffer())).toEqual(Uint8Array.from(bytes))
      }
      expect((await restore(project, entries[0]!.id)).status).toBe(404)

      await remove(repository, digest)
      const params = { project_name_or_id: project, entry_id: (await trashOf(project)).body[0]!.id }
      const forgotten = await admin().call('DELETE /projects/{project_name_or_id}/trash/{entry_id}', { params })
      expect(forgotten.body).toEqual({ entries: 3 })
      expect((await restore(project, params.entry_id)).status).toBe(404)
    })

    test('a list goes on behind its Link, and a deleted repository is restored as a whole', async () => {
      const project = await addProject(registry())
      const images = [createUniqueImage(), createUniqueImage(), createUniqueImage()]
      for (const [at, image] of images.entries()) await v2().pushImage(`${project}/app`, image, `v${at}`)
      await admin().call('DELETE /projects/{project_name}/repositories/{repository_name}', {
        params: { project_name: project, repository_name: 'app' },
      })
      const first = await trashOf(project, 'page_size=2')
      expect(first.body).toHaveLength(2)
      const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
      const second = await fetch(`${registry().url}${next}`, { headers: { authorization: basicOf(registry()) } })
      const rest = (await second.json()) as Entry[]
      expect(new Set([...first.body, ...rest].map(({ digest }) => digest))).toEqual(
        new Set(images.map(({ descriptor }) => descriptor.digest)),
      )
      const params = { project_name_or_id: project }
      const restored = await admin().call('POST /projects/{project_name_or_id}/trash/restore', {
        params,
        body: { repository: `${project}/app` },
      })
      expect(restored.body).toEqual({ entries: 3, left: false })
      for (const at of images.keys()) expect(await statusOf(`${project}/app`, `v${at}`)).toBe(200)
    })

    test('a tag goes back to where it pointed, over a name that was taken only when asked to', async () => {
      const project = await addProject(registry())
      const repository = `${project}/app`
      const [one, two] = [createUniqueImage(), createUniqueImage()]
      await v2().pushImage(repository, one, 'v1')
      await remove(repository, 'v1')
      await v2().pushImage(repository, two, 'v1')
      const [entry] = (await trashOf(project)).body
      expect(entry).toMatchObject({ kind: 'tag', digest: one.descriptor.digest })
      expect((await restore(project, entry!.id)).status).toBe(409)
      expect((await restore(project, entry!.id, { overwrite: true })).status).toBe(200)
      const pulled = await v2().request(`/v2/${repository}/manifests/v1`)
      expect(pulled.headers.get('docker-content-digest')).toBe(one.descriptor.digest)
    })

    test('a robot looks into the trash, and takes things out of it, when it was given that', async () => {
      const project = await addProject(registry())
      await v2().pushImage(`${project}/app`, createUniqueImage(), 'v1')
      await remove(`${project}/app`, 'v1')
      const robotThatMay = async (...actions: readonly string[]) => {
        const access = [
          ...['pull', 'push'].map((action) => ({ resource: 'repository', action })),
          ...actions.map((action) => ({ resource: 'trash', action })),
        ]
        const permissions = [{ kind: 'project', namespace: project, access }]
        const body = { name: `r${actions.length}`, level: 'project', duration: -1, permissions }
        const made = await admin().call<{ name: string; secret: string }>('POST /robots', { body })
        expect(made.status).toBe(201)
        return new ApiClient(registry(), { username: made.body.name, password: made.body.secret })
      }
      const params = { project_name_or_id: project }
      const [none, all] = [await robotThatMay(), await robotThatMay('list', 'restore', 'delete')]
      const list = 'GET /projects/{project_name_or_id}/trash'
      expect((await none.call(list, { params })).status).toBe(403)
      const { status, body } = await all.call<Entry[]>(list, { params })
      expect([status, body.length]).toEqual([200, 1])
      const one = { ...params, entry_id: body[0]!.id }
      const restoring = 'POST /projects/{project_name_or_id}/trash/{entry_id}/restore'
      expect((await none.call(restoring, { params: one, body: {} })).status).toBe(403)
      expect((await all.call(restoring, { params: one, body: {} })).status).toBe(200)
      // It may not delete anything else, so it may not make that final either.
      expect((await all.call('DELETE /projects/{project_name_or_id}/trash', { params })).status).toBe(403)
    })

    test('a run of garbage collection tells what would go, then takes it, and says so in history and log', async () => {
      const project = await addProject(registry())
      const repository = `${project}/app`
      const image = createUniqueImage()
      await v2().pushImage(repository, image, 'v1')
      const blobs = [...image.content].filter(([digest]) => digest !== image.descriptor.digest)
      const bytes = blobs.reduce((sum, [, content]) => sum + content.length, 0)
      await remove(repository, image.descriptor.digest)
      expect((await admin().call('DELETE /system/trash')).status).toBe(200)
      await Bun.sleep(leaseMs)

      const dry = await collect({ dry_run: true })
      expect(dry).toMatchObject({ job_name: 'GARBAGE_COLLECTION', job_status: 'Success' })
      const told = JSON.parse(dry.job_parameters) as { purged_blobs: number; freed_space: number }
      expect(told.purged_blobs).toBeGreaterThanOrEqual(blobs.length)
      expect(told.freed_space).toBeGreaterThanOrEqual(bytes)
      const run = await collect({ workers: 2, delete_untagged: true })
      expect(run.job_status).toBe('Success')
      const done = JSON.parse(run.job_parameters) as Record<string, unknown>
      expect(done).toMatchObject({ delete_untagged: true, dry_run: false, workers: 2 })
      expect(done['freed_space']).toBeGreaterThanOrEqual(bytes)
      expect(done['purged_blobs']).toBeGreaterThanOrEqual(blobs.length)
      expect(done['purged_manifests']).toBeGreaterThanOrEqual(1)
      const again = JSON.parse((await collect({ dry_run: true })).job_parameters) as { purged_blobs: number }
      expect(again.purged_blobs).toBe(0)

      const history = await admin().call<Run[]>('GET /system/gc', { query: 'page_size=2' })
      expect(history.body.map(({ id }) => id)).toContain(run.id)
      const log = await fetch(`${registry().url}/api/v2.0/system/gc/${run.id}/log`, {
        headers: { authorization: basicOf(registry()) },
      })
      const text = await log.text()
      for (const step of ['expireTrash', 'unlinkReviewed', 'countGone', 'removeCondemned', 'sweepBytes'])
        expect(text).toContain(step)
      for (const [digest] of image.content) expect(text).toContain(`from storage: ${digest}`)
      expect((await admin().call('PUT /system/gc/{gc_id}', { params: { gc_id: run.id } })).status).toBe(200)
      expect((await admin().call('GET /system/gc/{gc_id}', { params: { gc_id: 99_999_999 } })).status).toBe(404)
    }, 30_000)

    test('garbage collection has a schedule of its own', async () => {
      const schedule = { type: 'Custom', cron: '0 30 2 * * *' }
      const body = { schedule, parameters: { delete_untagged: true, workers: 3 } }
      expect((await admin().call('POST /system/gc/schedule', { body })).status).toBe(201)
      const found = await admin().call<Run & { schedule: object }>('GET /system/gc/schedule')
      expect(found.body.schedule).toMatchObject(schedule)
      expect(JSON.parse(found.body.job_parameters)).toEqual({ delete_untagged: true, dry_run: false, workers: 3 })
      for (const wrong of [{ workers: 0 }, { workers: 11 }, { dry_run: 'perhaps' }]) {
        const refused = await admin().call('PUT /system/gc/schedule', { body: { schedule, parameters: wrong } })
        expect(refused.status).toBe(400)
      }
      expect((await admin().call('PUT /system/gc/schedule', { body: { schedule: { type: 'None' } } })).status).toBe(200)
      expect((await admin().call('GET /system/gc/schedule')).body).toEqual({})
      const ada = new ApiClient(registry(), await addAccount(registry()))
      expect((await ada.call('POST /system/gc/schedule', { body })).status).toBe(403)
      expect((await ada.call('DELETE /system/trash')).status).toBe(403)
    })
  },
  { env: { BERTH_GARBAGE_COLLECTION_LEASE: `${leaseMs / 1000}s`, BERTH_GARBAGE_COLLECTION_GRACE: '0s' } },
)
