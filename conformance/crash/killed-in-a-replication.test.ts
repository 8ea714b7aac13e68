import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { eventually } from '../harness/eventually.ts'
import { createImage, createUniqueImage, type Image } from '../harness/image.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { controlMissing, startControlledRegistry, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { Rules, siteSettings } from '../replication/rules.ts'

setDefaultTimeout(120_000)

/** Of the queue, for the planning of a run and for the copying of a repository. */
const steps = ['job-after-take', 'job-running', 'job-after-checkpoint', 'job-before-result', 'job-after-result']
const kinds = ['replicate', 'replicate-repository']

const layerBytes = 24 * 1024 * 1024
/** Kilobits a second: the layer takes some six seconds. */
const speed = (layerBytes / 6 / 1024) * 8

/** Of a rule that copies by chunk. */
const chunkBytes = 10 * 1024 * 1024

const withLargeLayer = (): Image => createImage({ layers: [[{ path: 'data', content: randomBytes(layerBytes) }]] })

async function expectThere(site: ControlledRegistry, name: string, tag: string, image: Image): Promise<void> {
  const client = new V2Client(site)
  for (const [digest, bytes] of image.content) {
    const kind = digest === image.descriptor.digest ? 'manifests' : 'blobs'
    const reference = kind === 'manifests' ? tag : digest
    const headers = kind === 'manifests' ? { accept: image.descriptor.mediaType } : {}
    const answer = await client.request(`/v2/${name}/${kind}/${reference}`, { headers })
    expect(Buffer.compare(Buffer.from(await answer.arrayBuffer()), bytes)).toBe(0)
  }
}

if (controlMissing !== undefined) skipLoudly('a site that is killed in a replication', controlMissing)
else {
  describe('a site that is killed in a replication', () => {
    const owned = new AsyncDisposableStack()
    let here: ControlledRegistry
    let there: ControlledRegistry
    beforeAll(async () => {
      here = owned.use(await startControlledRegistry({ env: siteSettings }))
      there = owned.use(await startControlledRegistry({ env: siteSettings }))
    })
    afterAll(() => owned.disposeAsync())

    /** From `source` to `target`, as a rule of `owner`; `killed` dies when a third of the layer is there. */
    const copyUnderFire = async (owner: ControlledRegistry, killed: ControlledRegistry) => {
      const rules = new Rules(owner)
      const name = here.newRepository()
      const image = withLargeLayer()
      await new V2Client(here).pushImage(name, image, 'v1')
      const other = owner === here ? there : here
      const remote = { id: await rules.addRegistry('harbor', other.url, other) }
      const rule = await rules.add({
        ...(owner === here ? { dest_registry: remote } : { src_registry: remote }),
        ...{ speed, copy_by_chunk: true, filters: [{ type: 'name', value: name }] },
      })
      const id = await rules.start(rule)
      const sent = async () => (await rules.tasks(id))[0]?.sent_bytes ?? 0
      // One part has arrived, and another is on its way.
      await eventually(async () => expect(await sent()).toBeGreaterThanOrEqual(chunkBytes))
      expect(await rules.execution(id)).toMatchObject({ status: 'InProgress' })
      await killed.control.restart('SIGKILL')
      const ended = await rules.ended(id)
      const [task] = await rules.tasks(id)
      expect({ status: ended.status, error: task!.error }).toEqual({ status: 'Succeed', error: undefined })
      await expectThere(there, name, 'v1', image)
      expect(task!.sent_bytes).toBeGreaterThanOrEqual(layerBytes)
      expect(task!.sent_bytes).toBeLessThan(layerBytes + chunkBytes)
      return await rules.log(id, task!.id)
    }

    const expectResumed = (log: string) => {
      const [, behind] = /going on with sha256:[0-9a-f]+ behind (\d+) bytes/.exec(log) ?? []
      expect({ log, resumed: Number(behind) >= chunkBytes }).toEqual({ log, resumed: true })
    }

    test('goes on with a push behind the last part that arrived', async () => {
      expectResumed(await copyUnderFire(here, here))
    })

    test('goes on with a pull behind the last part that arrived', async () => {
      expectResumed(await copyUnderFire(there, there))
    })

    test('as the destination of a push, it is given the rest', async () => {
      await copyUnderFire(here, there)
    })

    for (const kind of kinds) {
      for (const step of steps) {
        test(`at ${step} of ${kind} has everything over in the end, in one run`, async () => {
          const rules = new Rules(here)
          const name = here.newRepository()
          const image = createUniqueImage()
          await new V2Client(here).pushImage(name, image, 'v1')
          const dest_registry = { id: await rules.addRegistry('harbor', there.url, there) }
          const rule = await rules.add({ dest_registry, filters: [{ type: 'name', value: name }] })
          await here.control.restart('SIGTERM', { BERTH_TEST_FAULT_POINT: `${step}@${kind}` })
          // It may die before it has answered; the run was then committed all the same.
          await rules.start(rule).catch(() => undefined)
          expect(await here.control.death()).toBe('SIGKILL')
          await here.control.restart('SIGKILL')
          const [run, ...others] = await rules.executions(rule)
          expect(others).toEqual([])
          expect(await rules.ended(run!.id)).toMatchObject({ status: 'Succeed', total: 1, succeed: 1 })
          await expectThere(there, name, 'v1', image)
        })
      }
    }
  })
}
