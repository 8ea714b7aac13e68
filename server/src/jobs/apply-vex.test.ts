import { expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { composeEvents } from '#server/compose/events.ts'
import type { Database } from '#server/database/database.ts'
import { deleteManifest } from '#server/domain/artifacts/delete.ts'
import { pushManifest } from '#server/domain/artifacts/push.ts'
import type { Finding, ScanFindings } from '#server/domain/scanning/finding.ts'
import { packJson } from '#server/domain/scanning/packed-json.ts'
import { addVexDocument, deleteVexDocument } from '#server/domain/scanning/statements/vex-documents.ts'
import { listViews, readPolicyView, readSeen } from '#server/domain/scanning/statements/scan-views.ts'
import { applyVexJob } from '#server/domain/scanning/statements/vex-job.ts'
import { summaryOf } from '#server/domain/scanning/scan-summary.ts'
import { walkReports } from '#server/domain/scanning/exports/exported-images.ts'
import { exportLines } from '#server/domain/scanning/exports/export-rows.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, createProject, digestOf, system } from '#server-test/registry-for-test.ts'
import { runningJobForTest } from '#server-test/running-job.ts'
import { composeApplyVex } from './apply-vex.ts'

const app = 'library/app' as RepositoryName
const elsewhere = 'other/app' as RepositoryName
/** No project here prefers attached ones. */
const noSboms = {
  advisories: { borrow: async () => undefined },
  readBom: async () => {
    throw new Error('no SBOM is read here')
  },
}
const ociManifest = 'application/vnd.oci.image.manifest.v1+json'

const findingOf = (id: string, name: string): Finding => ({
  ...{ id, aliases: [], fixVersion: '', status: 'affected', severity: 'High', severitySource: 'test' },
  package: { kind: 'npm', name, version: '1.0.0', licences: [], path: '', purl: `pkg:npm/${name}@1.0.0` },
})
const report: ScanFindings = {
  findings: [findingOf('CVE-2026-1', 'lodash'), findingOf('CVE-2026-2', 'react')],
  gaps: [],
  generation: 1,
}
const statement = (status: string, id: string, product: string, reason = 'component_not_present') =>
  JSON.stringify({
    ...{ '@context': 'https://openvex.dev/ns/v0.2.0', author: 'Ada', timestamp: '2026-01-01T00:00:00Z' },
    statements: [{ vulnerability: { name: id }, products: [{ '@id': product }], status, justification: reason }],
  })

async function compose(database: Database) {
  const registry = await composeRegistryForTest(database)
  const { clock, admit, blobs, manifests } = registry
  const events = composeEvents(clock)
  const services = { database, clock, events }
  await createProject(database, 'other', clock)
  const contents = [Buffer.from('{}'), Buffer.from('layer')]
  const digest = await registry.pushImage(app, 'v1', contents)
  await registry.pushImage(elsewhere, 'v1', contents)
  await database.write(async (tx) => {
    await tx
      .insertInto('scan')
      .values({
        ...{ digest, scanner_id: 'berth', kind: 'vulnerability', report_id: digest, job_id: null, status: 'success' },
        ...{ error: null, started_at: 1, finished_at: 1, reported_at: 7, generation: 1, severity: 4, created_at: 1 },
        summary: JSON.stringify(summaryOf(report)),
        body: await packJson(report),
      })
      .execute()
  })
  const projectOf = async (name: string) => {
    const { id } = await database.read
      .selectFrom('project')
      .select('id')
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    return { id, name }
  }
  const kind = composeApplyVex({ ...services, admit, blobs, manifests, ...noSboms, host: 'registry.example.com' })
  /** What was asked for by then. */
  const work = async () => {
    const jobs = await database.read
      .selectFrom('job')
      .select('payload')
      .where('kind', '=', applyVexJob.kind)
      .orderBy('id')
      .execute()
    for (const { payload } of jobs)
      await kind.run(runningJobForTest(database, kind.parse(JSON.parse(payload) as never)))
    await database.write((tx) => tx.deleteFrom('job').execute())
    return jobs.length
  }
  const ruledOut = async (repository: string) => {
    const { id } = await database.read
      .selectFrom('repository')
      .select('id')
      .where('name', '=', repository)
      .executeTakeFirstOrThrow()
    const [view] = await listViews(database.read, [id], [digest])
    const key = { repositoryId: id, digest, scannerId: 'berth' }
    const { findings } = (await readSeen(database.read, key, { reportedAt: 7, findings: report })).findings
    return {
      counted: view?.summary.total,
      findings: findings.flatMap(({ id: of, suppressed }) => (suppressed === undefined ? [] : [[of, suppressed]])),
    }
  }
  /** What a policy of the first project does not look at. */
  const passing = async () => {
    const { id } = await database.read
      .selectFrom('artifact')
      .innerJoin('repository', 'repository.id', 'artifact.repository_id')
      .select('artifact.id')
      .where('repository.name', '=', app)
      .where('artifact.digest', '=', digest)
      .executeTakeFirstOrThrow()
    return [...(await readPolicyView(database.read, id, { digest, scannerId: 'berth', reportedAt: 7 })).ruledOut]
  }
  const attach = async (text: string) => await attachAs('application/vnd.openvex+json', text)
  const attachAs = async (mediaType: string, text: string) => {
    const [empty, document] = [Buffer.from('{}'), Buffer.from(text)]
    for (const blob of [empty, document]) await registry.pushBlob(app, blob)
    const bytes = Buffer.from(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: ociManifest, artifactType: mediaType },
        config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(empty), size: 2 },
        layers: [{ mediaType, digest: digestOf(document), size: document.byteLength }],
        subject: { mediaType: ociManifest, digest, size: 1 },
      }),
    )
    const reference = { kind: 'digest', digest: digestOf(bytes) } as const
    const push = { reference, tags: [], manifest: parseManifest(bytes, ociManifest), bytes }
    return (await pushManifest({ ...registry, ...services }, await admit(system, 'push', app), push)).digest
  }
  const remove = async (referrer: Digest) =>
    await deleteManifest({ ...services, trashWindowMs: 0 }, await admit(system, 'delete', app), referrer)
  return { ...registry, services, digest, projectOf, work, ruledOut, passing, attach, attachAs, remove }
}

describeEachDatabase('a VEX document', (open) => {
  test('of a project rules out findings there, with who says so, and in no other project', async () => {
    const { services, projectOf, work, ruledOut, passing } = await compose(await open())
    const library = await projectOf('library')
    const text = statement('not_affected', 'CVE-2026-1', 'pkg:npm/lodash')
    const id = await addVexDocument(services, system, library, { name: 'lodash', text })
    expect(await work()).toBe(1)
    expect(await ruledOut(app)).toEqual({
      counted: 1,
      findings: [
        ['CVE-2026-1', { by: 'Ada', status: 'not_affected', reason: 'component_not_present', source: 'project' }],
      ],
    })
    expect((await ruledOut(elsewhere)).findings).toEqual([])
    expect(await passing()).toEqual(['CVE-2026-1\nlodash\n1.0.0'])
    await deleteVexDocument(services, system, library, id)
    await work()
    expect(await ruledOut(app)).toEqual({ counted: undefined, findings: [] })
  })

  test('of a project takes what it rules out from the exports of that project', async () => {
    const { database, digest, services, projectOf, work } = await compose(await open())
    const text = statement('not_affected', 'CVE-2026-1', 'pkg:npm/lodash')
    await addVexDocument(services, system, await projectOf('library'), { name: 'lodash', text })
    await work()
    const exported = async (repository: string) => {
      const row = await database.read
        .selectFrom('repository')
        .select('id')
        .where('name', '=', repository)
        .executeTakeFirstOrThrow()
      const image = { artifactId: 1, repositoryId: row.id, repository, digest }
      const lines: string[] = []
      for await (const each of walkReports(database.read, image)) lines.push(...exportLines(image, each, ''))
      return lines.map((line) => line.split(',')[2])
    }
    expect([await exported(app), await exported(elsewhere)]).toEqual([['CVE-2026-2'], ['CVE-2026-1', 'CVE-2026-2']])
  })

  test('of another project is named in no log that members of this one read', async () => {
    const { database, digest, services, projectOf, admit, blobs, manifests } = await compose(await open())
    const text = statement('not_affected', 'CVE-2026-1', 'pkg:npm/lodash')
    const [library, other] = [await projectOf('library'), await projectOf('other')]
    for (const project of [library, other]) await addVexDocument(services, system, project, { name: 'x', text })
    const kind = composeApplyVex({ ...services, admit, blobs, manifests, ...noSboms, host: undefined })
    const job = runningJobForTest(database, { digest, projectId: library.id })
    await kind.run(job)
    expect(job.lines.join()).toContain(app)
    expect(job.lines.join()).not.toContain(elsewhere)
  })

  test('of the registry counts everywhere, and a project that says otherwise is believed first', async () => {
    const { services, projectOf, work, ruledOut } = await compose(await open())
    const text = statement('fixed', 'CVE-2026-2', 'pkg:npm/react')
    await addVexDocument(services, system, undefined, { name: 'react', text })
    const other = statement('affected', 'CVE-2026-2', 'pkg:npm/react')
    await addVexDocument(services, system, await projectOf('other'), { name: 'no', text: other })
    await work()
    expect((await ruledOut(app)).findings).toMatchObject([['CVE-2026-2', { status: 'fixed', source: 'registry' }]])
    expect((await ruledOut(elsewhere)).findings).toEqual([])
  })

  test('that somebody attached counts in its repository, from its push until it is deleted', async () => {
    const { attach, remove, work, ruledOut, passing } = await compose(await open())
    const referrer = await attach(
      statement('not_affected', 'CVE-2026-1', 'pkg:oci/app?repository_url=registry.example.com/library/app'),
    )
    expect(await work()).toBe(1)
    expect((await ruledOut(app)).findings).toMatchObject([['CVE-2026-1', { source: 'referrer' }]])
    // Whoever may push may not let an image pass a policy by that.
    expect(await passing()).toEqual([])
    expect((await ruledOut(elsewhere)).findings).toEqual([])
    await remove(referrer)
    expect(await work()).toBe(1)
    expect((await ruledOut(app)).findings).toEqual([])
  })

  test('is looked for anew where a bill of materials comes or a project prefers them, and nowhere else', async () => {
    const { attachAs, services, digest, projectOf, database } = await compose(await open())
    const jobs = async () =>
      (await database.read.selectFrom('job').select('payload').where('kind', '=', applyVexJob.kind).execute()).map(
        ({ payload }) => JSON.parse(payload) as unknown,
      )
    const { id: projectId, name: project } = await projectOf('library')
    await attachAs('application/spdx+json', '{"first":1}')
    expect(await jobs()).toEqual([])
    await database.write(async (tx) => {
      await tx
        .insertInto('project_metadata')
        .values({ project_id: projectId, name: 'prefer_attached_sbom', value: 'true' })
        .execute()
      const changed = ['prefer_attached_sbom']
      await services.events.record(tx, system, { type: 'update_project', projectId, project, changed })
    })
    await attachAs('application/spdx+json', '{"second":2}')
    expect(await jobs()).toEqual([{ projectId }, { digest, projectId }])
  })

  test('that cannot be read says nothing, and fails nothing', async () => {
    const { attach, work, ruledOut } = await compose(await open())
    await attach('{"not":"vex"}')
    expect(await work()).toBe(1)
    expect((await ruledOut(app)).findings).toEqual([])
  })

  test.each([
    ['{"spdxVersion":"SPDX-2.3"}', 'no VEX document'],
    [statement('fixed', 'CVE-2026-1', 'Our Product 1.0'), 'no statement'],
  ])('%p is refused where one is given', async (text, why) => {
    const { services } = await compose(await open())
    await expect(addVexDocument(services, system, undefined, { name: 'x', text })).rejects.toThrow(why)
  })

  test('of a report that was replaced meanwhile is passed over', async () => {
    const { database, digest, services, projectOf, work } = await compose(await open())
    const text = statement('fixed', 'CVE-2026-1', 'pkg:npm/lodash')
    await addVexDocument(services, system, await projectOf('library'), { name: 'x', text })
    await work()
    const [view] = await database.read.selectFrom('scan_view').selectAll().execute()
    const key = { repositoryId: view!.repository_id, digest, scannerId: 'berth' }
    expect(await readSeen(database.read, key, { reportedAt: 8, findings: report })).toEqual({
      ...{ findings: report, sbom: undefined },
    })
  })
})
