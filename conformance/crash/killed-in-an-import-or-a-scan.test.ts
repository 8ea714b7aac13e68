import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ApiClient, basicOf } from '../api/contract-client.ts'
import { describeOnEachDatabase } from '../harness/each-database.ts'
import { createImage } from '../harness/image.ts'
import { addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'

const importKind = 'import-vulnerability-data'
const importSteps = [
  `job-after-take@${importKind}`,
  'advisories-before-row',
  'advisories-before-switch',
  'advisories-after-switch',
  `job-before-result@${importKind}`,
  `job-after-result@${importKind}`,
]
const scanSteps = [
  'job-after-take@scan-artifact',
  'job-before-result@scan-artifact',
  'job-after-result@scan-artifact',
  'job-running@scan-registry',
  'job-after-checkpoint@scan-registry',
  'job-before-result@scan-registry',
]

const advisory = (name: string) => ({
  id: `GHSA-${name}`,
  modified: '2026-01-02T00:00:00Z',
  affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }],
})

async function upload(registry: ControlledRegistry, names: readonly string[]): Promise<number> {
  const response = await fetch(`${registry.url}/api/v2.0/system/vulnerability-data?name=npm.ndjson`, {
    method: 'POST',
    body: names.map((name) => JSON.stringify(advisory(name))).join('\n'),
    headers: { 'content-type': 'application/octet-stream', authorization: basicOf(registry) },
  })
  return response.status
}

interface Job {
  readonly id: number
  readonly status: string
  readonly attempts: number
}

async function ended(registry: ControlledRegistry, kind: string): Promise<readonly Job[]> {
  for (;;) {
    const { body } = await new ApiClient(registry).call<readonly Job[]>('GET /jobs', {
      query: `kind=${kind}&page_size=100`,
    })
    if (body.length > 0 && body.every(({ status }) => ['succeeded', 'failed', 'stopped'].includes(status))) return body
    await Bun.sleep(100)
  }
}

/** Asks until the process is dead: it may die before it has answered. */
async function untilDeath({ control }: ControlledRegistry, ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    await ask().catch(() => undefined)
    const death = await Promise.race([control.death(), Bun.sleep(5_000).then(() => undefined)])
    if (death === undefined) continue
    expect(death).toBe('SIGKILL')
    return
  }
}

describeOnEachDatabase(
  'a registry that is killed in an import of vulnerability data',
  (registry, query) => {
    const one = async (statement: string) => Number(Object.values((await query(statement))[0]!)[0])

    for (const step of importSteps) {
      test(`at ${step} has it once in the end, and nothing is left of the first try`, async () => {
        const before = await one('select coalesce(max(number), 0) from advisory_generation')
        const imports = await one(`select count(*) from event where type = 'import_vulnerability_data'`)
        await registry().control.restart('SIGTERM', { BERTH_TEST_FAULT_POINT: step })
        let isTaken = false
        await untilDeath(registry(), async () => {
          if (isTaken) return
          isTaken = (await upload(registry(), [`package-${before}`])) === 202
        })
        await registry().control.restart('SIGKILL')
        const [job] = await ended(registry(), importKind)
        expect(job).toMatchObject({ status: 'succeeded', attempts: step.startsWith('job-after-result') ? 1 : 2 })
        expect(await one(`select count(*) from event where type = 'import_vulnerability_data'`)).toBe(imports + 1)
        const inUse = await one(`select number from advisory_generation where state = 'in-use'`)
        expect(inUse).toBeGreaterThan(before)
        // Bytes of the upload, and files of the first try.
        expect(await one('select count(*) from advisory_upload_chunk')).toBe(0)
        const folder = join(registry().control.dataFolder, 'vulnerability-data')
        // The next import clears what the dead one left.
        expect(await upload(registry(), [`package-${before}`])).toBe(202)
        await ended(registry(), importKind)
        expect(readdirSync(folder).filter((name) => name.startsWith('work-'))).toEqual([])
      }, 90_000)
    }
  },
  { env: { BERTH_JOBS_LEASE: '1s' } },
)

/** An image with one npm package. */
function npmImage(name: string) {
  const content = JSON.stringify({ name, version: '1.0.0' })
  return createImage({ layers: [[{ path: `app/node_modules/${name}/package.json`, content }]] })
}

describeOnEachDatabase(
  'a registry that is killed in a scan of everything',
  (registry, query) => {
    const one = async (statement: string) => Number(Object.values((await query(statement))[0]!)[0])
    const images = 4

    for (const step of scanSteps) {
      test(`at ${step} has scanned each image once in the end, with all findings`, async () => {
        const project = await addProject(registry())
        for (let image = 0; image < images; image += 1)
          await new V2Client(registry()).pushImage(`${project}/app-${image}`, npmImage(`${project}-${image}`), 'v1')
        expect(
          await upload(
            registry(),
            Array.from({ length: images }, (_, image) => `${project}-${image}`),
          ),
        ).toBe(202)
        await ended(registry(), importKind)
        await registry().control.restart('SIGTERM', { BERTH_TEST_FAULT_POINT: step })
        const admin = new ApiClient(registry())
        await untilDeath(registry(), () =>
          admin.call('POST /system/scanAll/schedule', { body: { schedule: { type: 'Manual' } } }),
        )
        await registry().control.restart('SIGKILL')
        await ended(registry(), 'scan-registry')
        const scans = await ended(registry(), 'scan-artifact')
        expect(scans.every(({ status }) => status === 'succeeded')).toBe(true)
        const found = `select count(*) from scan_finding where package like '${project}-%'`
        expect(await one(found)).toBe(images)
        const good = `select count(*) from scan where status = 'success' and digest in
          (select digest from scan_finding where package like '${project}-%')`
        expect(await one(good)).toBe(images)
        const told = `select count(*) from event where type = 'finish_scan' and resource like '${project}/%'`
        expect(await one(told)).toBe(images)
      }, 90_000)
    }
  },
  { env: { BERTH_JOBS_LEASE: '1s' } },
)
