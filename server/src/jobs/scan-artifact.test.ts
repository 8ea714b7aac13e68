import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '#server/database/database.ts'
import { parseManifest } from '#contract/manifest.ts'
import { pushManifest } from '#server/domain/artifacts/push.ts'
import { deleteManifest } from '#server/domain/artifacts/delete.ts'
import { Jobs } from '#server/domain/jobs/jobs.ts'
import { ensureKinds } from '#server/domain/jobs/kinds.ts'
import { AdvisoryFileWriter } from '#server/domain/scanning/data/advisory-file.ts'
import { AdvisoryGenerations } from '#server/domain/scanning/data/advisory-generations.ts'
import { importAdvisories } from '#server/domain/scanning/data/import-advisories.ts'
import { readLayer } from '#server/domain/scanning/detection/read-layer.ts'
import { nodePackage } from '#server/domain/scanning/detection/image-for-test.ts'
import { tarForTest } from '#server/domain/scanning/detection/tar-for-test.ts'
import { readBom as readBomBytes } from '#server/domain/scanning/detection/sbom/bill-of-materials.ts'
import type { ReadBomStream } from '#server/domain/scanning/sboms/bom-threads.ts'
import { listViews, readSeen } from '#server/domain/scanning/statements/scan-views.ts'
import { pruneScans } from '#server/domain/scanning/prune-scans.ts'
import { ensureBuiltInScanner } from '#server/domain/scanning/scanners.ts'
import { Scans } from '#server/domain/scanning/scans.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, createProject, system } from '#server-test/registry-for-test.ts'
import { runningJobForTest } from '#server-test/running-job.ts'
import { composeBuiltInEngine } from './built-in-engine.ts'
import { jobKind } from './job-kind.ts'
import { composeScanArtifact } from './scan-artifact.ts'
import { JobWorker } from './worker.ts'

setDefaultTimeout(60_000)

const owned: (() => unknown)[] = []
afterEach(async () => {
  for (const release of owned.splice(0).toReversed()) await release()
})

const repository = 'library/app' as RepositoryName
const advisory = (name: string, fixed: string) => ({
  id: `CVE-2026-${name.length}`,
  modified: '2026-01-01T00:00:00Z',
  affected: [
    { package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }] },
  ],
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
})

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest

const readBom: ReadBomStream = async (open) => readBomBytes(Buffer.concat(await Array.fromAsync(open()))).inventory

async function compose(database: Database) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-scan-'))
  const registry = await composeRegistryForTest(database)
  const { clock, events, admit, blobs, manifests } = registry
  const advisories = new AdvisoryGenerations({ database, clock, events, folder: join(folder, 'data') })
  const read: string[] = []
  const builtIn = composeBuiltInEngine({
    ...{ database, clock, admit, blobs, manifests, advisories },
    readLayer: ({ diffId, open }) => {
      read.push(diffId)
      return readLayer(open, { where: diffId })
    },
  })
  const pulls = { scansArePulls: false }
  const kind = composeScanArtifact({
    ...{ database, clock, events, admit, blobs, manifests, builtIn, adapters: builtIn, advisories, readBom },
    host: undefined,
    scansArePulls: async () => pulls.scansArePulls,
  })
  const worker = new JobWorker({
    ...{ database, clock, kinds: [jobKind(kind)], concurrency: 1, keepMs: 60_000, flushMs: 5, drainMs: 2_000 },
    process: { id: 'one', host: 'here', pid: 1 },
    onError: () => {},
  })
  owned.push(
    () => rm(folder, { recursive: true }),
    () => advisories[Symbol.dispose](),
    () => worker[Symbol.asyncDispose](),
  )
  await database.write(async (tx) => {
    await ensureKinds(tx, ['scan-artifact'])
    await ensureBuiltInScanner(tx, clock)
  })
  const scans = new Scans({ database, clock, events, jobs: new Jobs({ database, clock, events }) })
  const work = async () => {
    for (let round = 0; round < 5; round += 1) {
      await worker.tick()
      await worker.idle()
      clock.advance(20 * 60_000)
    }
  }
  const bringData = async (...entries: readonly object[]) => {
    const path = join(folder, 'osv.ndjson')
    await writeFile(path, entries.map((entry) => JSON.stringify(entry)).join('\n'))
    return await advisories.replace(system, async ({ path: draft }) => {
      using writer = new AdvisoryFileWriter(draft)
      return await importAdvisories(path, writer)
    })
  }
  /** An image with one npm package in each layer. */
  const pushNpm = async (tag: string, ...packages: readonly (readonly [string, string])[]) => {
    const tars = packages.map(([name, version]) => tarForTest([nodePackage(name, version)]))
    return await pushLayers(repository, tag, tars, tars.map(sha256))
  }
  const pushLayers = async (
    into: RepositoryName,
    tag: string,
    tars: readonly Uint8Array[],
    diffIds: readonly Digest[],
  ) => {
    const config = Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: diffIds } }))
    return await registry.pushImage(into, tag, [config, ...tars.map((tar) => gzipSync(tar))])
  }
  const targetOf = async (digest: Digest) => {
    const row = await database.read
      .selectFrom('artifact')
      .innerJoin('repository', 'repository.id', 'artifact.repository_id')
      .select(['artifact.id', 'artifact.media_type', 'repository.project_id'])
      .where('artifact.digest', '=', digest)
      .executeTakeFirstOrThrow()
    return { projectId: row.project_id, repository, artifactId: row.id, digest, mediaType: row.media_type }
  }
  const start = async (digest: Digest) =>
    await scans.start({ actor: system, target: await targetOf(digest), kind: 'vulnerability' })
  const stateOf = async (digest: Digest) => (await scans.states([digest], 'vulnerability')).get(digest)
  return {
    ...registry,
    pulls,
    advisories,
    read,
    scans,
    work,
    kind,
    bringData,
    pushNpm,
    pushLayers,
    targetOf,
    start,
    stateOf,
  }
}

describeEachDatabase('a scan of an image', (open) => {
  test('finds what the data says about its packages, and says how it stands meanwhile', async () => {
    const registry = await compose(await open())
    await registry.bringData(advisory('lodash', '4.17.12'))
    const digest = await registry.pushNpm('v1', ['lodash', '4.17.4'], ['react', '19.0.0'])
    await registry.start(digest)
    expect((await registry.stateOf(digest))?.status).toBe('pending')
    await registry.work()
    const state = await registry.stateOf(digest)
    expect(state).toMatchObject({
      status: 'success',
      report: { severity: 'Critical', generation: 1, summary: { total: 1, fixable: 1 } },
    })
    const report = await registry.scans.report(digest, state!.scannerId)
    expect(report?.findings).toMatchObject([
      { id: 'CVE-2026-6', package: { name: 'lodash', version: '4.17.4' }, fixVersion: '4.17.12' },
    ])
    const [row] = await registry.database.read.selectFrom('scan_finding').selectAll().execute()
    expect(row).toMatchObject({ digest, vulnerability: 'CVE-2026-6', package: 'lodash', score: 98, exploited: 0 })
  })

  test('without data is an error that says what to do, never "nothing found"', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1', ['lodash', '4.17.4'])
    await registry.start(digest)
    await registry.work()
    const state = await registry.stateOf(digest)
    expect(state).toMatchObject({ status: 'error', report: undefined })
    expect(state?.error).toContain('berth db import')
  })

  test('that fails takes the last good report from nobody', async () => {
    const registry = await compose(await open())
    await registry.bringData(advisory('lodash', '4.17.12'))
    const digest = await registry.pushNpm('v1', ['lodash', '4.17.4'])
    await registry.start(digest)
    await registry.work()
    await registry.database.write(async (tx) => {
      await tx.deleteFrom('advisory_chunk').execute()
      await tx.deleteFrom('advisory_generation').execute()
    })
    await registry.start(digest)
    await registry.work()
    expect(await registry.stateOf(digest)).toMatchObject({ status: 'error', report: { summary: { total: 1 } } })
  })

  test('relies on no data that is older than the settings allow, and the report from before says how old its data was', async () => {
    const registry = await compose(await open())
    await registry.bringData(advisory('lodash', '4.17.12'))
    const digest = await registry.pushNpm('v1', ['lodash', '4.17.4'])
    await registry.start(digest)
    await registry.work()
    const { dataTime } = (await registry.advisories.current())!.generation
    expect(await registry.stateOf(digest)).toMatchObject({ report: { dataTime: Date.parse(dataTime) } })
    const allow = (days: number) =>
      registry.database.write((tx) =>
        tx
          .insertInto('setting')
          .values({ name: 'scan_data_max_age_days', value: JSON.stringify(days), updated_at: 0 })
          .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: JSON.stringify(days) }))
          .execute(),
      )
    const days = Math.floor((registry.clock.now() - Date.parse(dataTime)) / (24 * 60 * 60_000))
    await allow(days - 1)
    await registry.start(digest)
    await registry.work()
    const refused = await registry.stateOf(digest)
    expect(refused).toMatchObject({ status: 'error', report: { summary: { total: 1 } } })
    expect(refused?.error).toContain(`${days} days old`)
    await allow(days + 1)
    await registry.start(digest)
    await registry.work()
    expect(await registry.stateOf(digest)).toMatchObject({ status: 'success' })
  })

  test('reads a layer once, however many images have it, and none when only the data is newer', async () => {
    const registry = await compose(await open())
    await registry.bringData(advisory('lodash', '4.17.12'))
    const first = await registry.pushNpm('v1', ['lodash', '4.17.4'], ['a', '1.0.0'])
    const second = await registry.pushNpm('v2', ['lodash', '4.17.4'], ['b', '1.0.0'])
    for (const digest of [first, second]) await registry.start(digest)
    await registry.work()
    expect(registry.read).toHaveLength(3)
    await registry.bringData(advisory('lodash', '4.17.12'), advisory('b', '2.0.0'))
    await registry.start(second)
    await registry.work()
    expect(registry.read).toHaveLength(3)
    expect(await registry.stateOf(second)).toMatchObject({ report: { generation: 2, summary: { total: 2 } } })
  })

  test('believes no DiffID that another config claimed before', async () => {
    const registry = await compose(await open())
    await registry.bringData(advisory('lodash', '4.17.12'))
    const [honest, empty] = [tarForTest([nodePackage('lodash', '4.17.4')]), tarForTest([{ path: 'a', content: '' }])]
    const liar = await registry.pushLayers(repository, 'liar', [empty], [sha256(honest)])
    const victim = await registry.pushLayers(repository, 'victim', [honest], [sha256(honest)])
    for (const digest of [liar, victim]) {
      await registry.start(digest)
      await registry.work()
    }
    expect(await registry.stateOf(liar)).toMatchObject({ report: { summary: { total: 0 } } })
    expect(await registry.stateOf(victim)).toMatchObject({ report: { summary: { total: 1 } } })
  })

  test('that died behind its report is told of and counted once', async () => {
    const registry = await compose(await open())
    await registry.bringData(advisory('lodash', '4.17.12'))
    const digest = await registry.pushNpm('v1', ['lodash', '4.17.4'])
    await registry.start(digest)
    const { payload } = await registry.database.read.selectFrom('job').select('payload').executeTakeFirstOrThrow()
    const first = runningJobForTest(registry.database, registry.kind.parse(JSON.parse(payload) as never))
    const result = await registry.kind.run(first)
    const state = first.remembered.at(-1)!
    const again = await registry.kind.run(runningJobForTest(registry.database, first.payload, { state }))
    expect(again).toEqual(result)
    const told = await registry.database.read
      .selectFrom('event')
      .select('id')
      .where('type', '=', 'finish_scan')
      .execute()
    expect(told).toHaveLength(1)
  })

  test('is not asked for again while the job of the last one comes to its end', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1', ['lodash', '4.17.4'])
    await registry.start(digest)
    const before = await registry.stateOf(digest)
    await registry.database.write((tx) => tx.updateTable('scan').set({ status: 'success' }).execute())
    await expect(registry.start(digest)).rejects.toThrow('a previous scan process is Running')
    expect((await registry.stateOf(digest))?.reportId).toBe(before!.reportId)
  })

  test('is stopped by the project that asked for it, and by no other with the same image', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1', ['lodash', '4.17.4'])
    await registry.start(digest)
    const target = await registry.targetOf(digest)
    const stop = (projectId: number) => registry.scans.stop(system, { ...target, projectId }, 'vulnerability')
    await expect(stop(target.projectId + 1)).rejects.toThrow('another project asked')
    expect((await registry.stateOf(digest))?.status).toBe('pending')
    await stop(target.projectId)
    expect((await registry.stateOf(digest))?.status).toBe('stopped')
  })

  test('is not begun twice, and can be stopped', async () => {
    const registry = await compose(await open())
    const digest = await registry.pushNpm('v1', ['lodash', '4.17.4'])
    await registry.start(digest)
    await expect(registry.start(digest)).rejects.toThrow('a previous scan process is Pending')
    await registry.scans.stop(system, await registry.targetOf(digest), 'vulnerability')
    expect((await registry.stateOf(digest))?.status).toBe('stopped')
    await registry.start(digest)
    expect((await registry.stateOf(digest))?.status).toBe('pending')
  })

  test('is no pull, unless a setting says that it is', async () => {
    const registry = await compose(await open())
    await registry.bringData(advisory('lodash', '4.17.12'))
    const digest = await registry.pushNpm('v1', ['lodash', '4.17.4'])
    const pulledAt = async () =>
      (
        await registry.database.read
          .selectFrom('artifact')
          .select('pulled_at')
          .where('digest', '=', digest)
          .executeTakeFirstOrThrow()
      ).pulled_at
    await registry.start(digest)
    await registry.work()
    expect(await pulledAt()).toBeNull()
    registry.pulls.scansArePulls = true
    await registry.start(digest)
    await registry.work()
    expect(await pulledAt()).toBeGreaterThan(0)
  })

  test('goes with the last image of that digest', async () => {
    const registry = await compose(await open())
    await registry.bringData(advisory('lodash', '4.17.12'))
    const digest = await registry.pushNpm('v1', ['lodash', '4.17.4'])
    await registry.start(digest)
    await registry.work()
    expect(await pruneScans(registry, 100)).toBe(0)
    const admission = await registry.admit(system, 'delete', repository)
    await deleteManifest(registry, admission, digest)
    expect(await pruneScans(registry, 100)).toBeGreaterThan(0)
    expect(await registry.stateOf(digest)).toBeUndefined()
  })
})

const cycloneDx = (...packages: readonly (readonly [string, string])[]) => ({
  ...{ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 },
  components: packages.map(([name, version]) => ({
    ...{ type: 'library', name, version, purl: `pkg:npm/${name}@${version}` },
  })),
})
const spdx = (name: string, version: string) => ({
  ...{ spdxVersion: 'SPDX-2.3', SPDXID: 'SPDXRef-DOCUMENT', name: 'app', dataLicense: 'CC0-1.0' },
  packages: [
    {
      ...{ SPDXID: 'SPDXRef-1', name, versionInfo: version, downloadLocation: 'NOASSERTION' },
      externalRefs: [
        { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: `pkg:npm/${name}@${version}` },
      ],
    },
  ],
})
const statementOf = (predicate: object) => ({
  ...{ _type: 'https://in-toto.io/Statement/v1', subject: [], predicateType: 'https://spdx.dev/Document', predicate },
})
const envelopeOf = (payload: object) => ({
  ...{ payloadType: 'application/vnd.in-toto+json', signatures: [] },
  payload: Buffer.from(JSON.stringify(payload)).toString('base64'),
})

describeEachDatabase('a bill of materials that somebody attached', (open) => {
  const composeAttached = async (database: Database) => {
    const registry = await compose(database)
    await createProject(database, 'other', registry.clock)
    await registry.bringData(advisory('lodash', '4.17.12'), advisory('left-pad', '9.0.0'))
    const set = async (project: string, name: string, value = 'true') =>
      await database.write(async (tx) => {
        const { id } = await tx.selectFrom('project').select('id').where('name', '=', project).executeTakeFirstOrThrow()
        await tx
          .insertInto('project_metadata')
          .values({ project_id: id, name, value })
          .onConflict((conflict) => conflict.columns(['project_id', 'name']).doUpdateSet({ value }))
          .execute()
      })
    const attach = async (subject: Digest, artifactType: string, document: object, annotations: object = {}) => {
      const mediaType = 'application/vnd.oci.image.manifest.v1+json'
      const [empty, bytes] = [Buffer.from('{}'), Buffer.from(JSON.stringify(document))]
      for (const blob of [empty, bytes]) await registry.pushBlob(repository, blob)
      const written = Buffer.from(
        JSON.stringify({
          ...{ schemaVersion: 2, mediaType, artifactType, annotations },
          config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256(empty), size: 2 },
          layers: [{ mediaType: artifactType, digest: sha256(bytes), size: bytes.byteLength }],
          subject: { mediaType, digest: subject, size: 1 },
        }),
      )
      const reference = { kind: 'digest', digest: sha256(written) } as const
      const push = { reference, tags: [], manifest: parseManifest(written, mediaType), bytes: written }
      return (await pushManifest(registry, await registry.admit(system, 'push', repository), push)).digest
    }
    const seenIn = async (place: string, digest: Digest) => {
      const { id: repositoryId } = await database.read
        .selectFrom('repository')
        .select('id')
        .where('name', '=', place)
        .executeTakeFirstOrThrow()
      const { scannerId, report } = (await registry.stateOf(digest))!
      const findings = (await registry.scans.report(digest, scannerId))!
      const key = { repositoryId, digest, scannerId }
      const seen = await readSeen(database.read, key, { reportedAt: report!.reportedAt, findings })
      const [view] = await listViews(database.read, [repositoryId], [digest])
      return { ids: seen.findings.findings.map(({ id }) => id), sbom: seen.sbom, counted: view?.summary.total }
    }
    const scanned = async (digest: Digest) => {
      await registry.start(digest)
      await registry.work()
    }
    const pull = async (digest: Digest) =>
      await registry.manifests.getManifest(await registry.admit(system, 'pull', repository), { kind: 'digest', digest })
    return { ...registry, set, attach, seenIn, scanned, pull }
  }

  test.each([
    ['application/vnd.cyclonedx+json', cycloneDx(['left-pad', '1.0.0'])],
    ['application/spdx+json', spdx('left-pad', '1.0.0')],
    ['application/vnd.in-toto+json', statementOf(spdx('left-pad', '1.0.0'))],
    [
      'application/vnd.dev.sigstore.bundle.v0.3+json',
      { dsseEnvelope: envelopeOf(statementOf(spdx('left-pad', '1.0.0'))) },
    ],
  ])('as %s is what a repository sees, where its project prefers it, and in no other', async (type, document) => {
    const registry = await composeAttached(await open())
    const { set, attach, scanned, seenIn } = registry
    const layer = tarForTest([nodePackage('lodash', '4.17.4')])
    const digest = await registry.pushLayers(repository, 'v1', [layer], [sha256(layer)])
    await registry.pushLayers('other/app' as RepositoryName, 'v1', [layer], [sha256(layer)])
    const sbom = await attach(digest, type, document)
    await scanned(digest)
    const own = { ids: ['CVE-2026-6'], sbom: undefined, counted: undefined }
    expect(await seenIn(repository, digest)).toEqual(own)
    await set('library', 'prefer_attached_sbom')
    await scanned(digest)
    expect(await seenIn(repository, digest)).toEqual({ ids: ['CVE-2026-8'], sbom, counted: 1 })
    expect(await seenIn('other/app', digest)).toEqual(own)
    await set('library', 'prefer_attached_sbom', 'false')
    await scanned(digest)
    expect(await seenIn(repository, digest)).toEqual(own)
  })

  test('that BuildKit put beside an image into its index is one, and what a registry made is none', async () => {
    const { set, attach, scanned, seenIn, ...registry } = await composeAttached(await open())
    await set('library', 'prefer_attached_sbom')
    const digest = await registry.pushNpm('v1', ['lodash', '4.17.4'])
    await attach(digest, 'application/vnd.cyclonedx+json', cycloneDx(['react', '1.0.0']), { 'created-by': 'Berth' })
    await attach(digest, 'application/vnd.cyclonedx+json', { bomFormat: 'CycloneDX', specVersion: '1.6' })
    await attach(digest, 'application/spdx+json', { not: 'an SBOM' })
    await scanned(digest)
    expect((await seenIn(repository, digest)).sbom).toBeUndefined()
    const intoto = 'application/vnd.in-toto+json'
    const [config, ...statements] = [{}, { predicate: {} }, statementOf(spdx('left-pad', '1.0.0'))].map((each) =>
      Buffer.from(JSON.stringify(each)),
    )
    for (const blob of [config!, ...statements]) await registry.pushBlob(repository, blob)
    const predicates = ['https://slsa.dev/provenance/v1', 'https://spdx.dev/Document']
    const push = async (body: object, mediaType: string) => {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...body }))
      const reference = { kind: 'digest', digest: sha256(bytes) } as const
      const manifest = parseManifest(bytes, mediaType)
      return (
        await pushManifest(registry, await registry.admit(system, 'push', repository), {
          reference,
          tags: [],
          manifest,
          bytes,
        })
      ).digest
    }
    const attestation = await push(
      {
        config: {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          digest: sha256(config!),
          size: config!.length,
        },
        layers: statements.map((bytes, at) => ({
          ...{ mediaType: intoto, digest: sha256(bytes), size: bytes.length },
          annotations: { 'in-toto.io/predicate-type': predicates[at] },
        })),
      },
      'application/vnd.oci.image.manifest.v1+json',
    )
    const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 1 }
    const annotations = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digest }
    await push(
      {
        manifests: [
          { ...descriptor, digest },
          { ...descriptor, digest: attestation, annotations },
        ],
      },
      'application/vnd.oci.image.index.v1+json',
    )
    await scanned(digest)
    expect(await seenIn(repository, digest)).toMatchObject({ sbom: attestation, ids: ['CVE-2026-8'] })
  })

  test('lets no image pass a policy, and may hold one back', async () => {
    const { set, attach, scanned, pull, ...registry } = await composeAttached(await open())
    await set('library', 'prefer_attached_sbom')
    await set('library', 'prevent_vul')
    await set('library', 'severity', 'high')
    const vulnerable = await registry.pushNpm('v1', ['lodash', '4.17.4'])
    await attach(vulnerable, 'application/vnd.cyclonedx+json', cycloneDx(['react', '1.0.0']))
    const clean = await registry.pushNpm('v2', ['react', '1.0.0'])
    for (const digest of [vulnerable, clean]) await scanned(digest)
    await expect(pull(vulnerable)).rejects.toThrow('current image with 1 vulnerability')
    expect((await pull(clean)).digest).toBe(clean)
    await attach(clean, 'application/vnd.cyclonedx+json', cycloneDx(['left-pad', '1.0.0']))
    await scanned(clean)
    await expect(pull(clean)).rejects.toThrow('current image with 1 vulnerability')
  })
})

describeEachDatabase('vulnerability data', (open) => {
  test('is the same for another process, which has only the database', async () => {
    const database = await open()
    const registry = await compose(database)
    await registry.bringData(advisory('lodash', '4.17.12'))
    const elsewhere = await mkdtemp(join(tmpdir(), 'berth-scan-'))
    const { clock, events } = registry
    using other = new AdvisoryGenerations({ database, clock, events, folder: elsewhere })
    owned.push(() => rm(elsewhere, { recursive: true }))
    expect((await other.current())?.ofLanguage('npm', 'lodash')).toHaveLength(1)
  })

  test('stays open for whoever has borrowed it, however often it is replaced meanwhile', async () => {
    const registry = await compose(await open())
    await registry.bringData(advisory('a', '1'))
    using borrowed = await registry.advisories.borrow()
    for (const name of ['b', 'c', 'd', 'e']) {
      await registry.bringData(advisory(name, '1'))
      expect((await registry.advisories.current())?.ofLanguage('npm', name)).toHaveLength(1)
    }
    expect(borrowed?.source.ofLanguage('npm', 'a')).toHaveLength(1)
    expect(borrowed?.source.generation.number).toBe(1)
  })

  test('can be gone back to, and what was imported meanwhile is not lost unnoticed', async () => {
    const registry = await compose(await open())
    await registry.bringData(advisory('a', '1'))
    await registry.bringData(advisory('b', '1'))
    expect((await registry.advisories.list()).map(({ number, inUse }) => [number, inUse])).toEqual([
      [2, true],
      [1, false],
    ])
    await registry.advisories.use(system, 1)
    expect((await registry.advisories.current())?.ofLanguage('npm', 'a')).toHaveLength(1)
    await expect(registry.advisories.use(system, 9)).rejects.toThrow('no vulnerability data has the number 9')
    const beside = registry.advisories.replace(system, async ({ path: draft }) => {
      await registry.advisories.use(system, 2)
      using writer = new AdvisoryFileWriter(draft)
      writer.replace('x')
      writer.finish('x', '2026-01-01T00:00:00.000Z')
    })
    await expect(beside).rejects.toThrow('meanwhile')
  })
})
