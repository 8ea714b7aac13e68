import { parseManifest } from '#contract/manifest.ts'
import type { Digest } from '#contract/digest.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Actor } from '#server/domain/access/actor.ts'
import { copyArtifact } from '#server/domain/artifacts/copy.ts'
import { DomainError } from '#server/domain/errors.ts'
import { writeCveAllowlist } from '#server/domain/projects/cve-allowlist.ts'
import { writeMetadata, type ProjectMetadata } from '#server/domain/projects/project-metadata.ts'
import type { Finding } from '#server/domain/scanning/finding.ts'
import { packReport, recordReport } from '#server/domain/scanning/record-scan.ts'
import { ensureBuiltInScanner } from '#server/domain/scanning/scanners.ts'
import type { ContentSink } from '#server/domain/transfer/content-sink.ts'
import { exportRepository, type ExportServices } from '#server/domain/transfer/export-repository.ts'
import { app, bytes, composeArtifactScene, indexOf } from './artifact-scene.ts'
import type { OpenDatabase } from './databases.ts'
import { createProject, digestOf, system, type RegistryForTestOptions } from './registry-for-test.ts'

export const image = 'application/vnd.oci.image.config.v1+json'
export const layer = 'application/vnd.oci.image.layer.v1.tar+gzip'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

export interface PushedForTest {
  readonly digest: Digest
  readonly size: number
}

export type FoundForTest = Pick<Finding, 'id' | 'severity'> & Partial<Finding>

/** A registry whose images can be given reports without being scanned, and every door by which a manifest leaves. */
export async function composePolicyScene(open: OpenDatabase, options: RegistryForTestOptions = {}) {
  const scene = await composeArtifactScene(open, options)
  const { database, clock, events, admit, manifests } = scene
  await createProject(database, 'other', clock)
  await database.write((tx) => ensureBuiltInScanner(tx, clock))
  const scannerId = (await database.read.selectFrom('scanner').select('id').executeTakeFirstOrThrow()).id
  const projectId = (
    await database.read.selectFrom('project').select('id').where('name', '=', 'library').executeTakeFirstOrThrow()
  ).id

  /** A manifest with a config and layers of those types. */
  const pushOf = async (tag: string, layers = [layer], config = image, more: object = {}): Promise<PushedForTest> =>
    await pushParts(
      tag,
      [config, ...layers].map((mediaType, place) => ({ mediaType, content: bytes(`${tag} ${place}`) })),
      more,
    )
  /** As oras pushes files: with a config that says nothing. */
  const pushEmptyConfig = async (tag: string, layers: readonly string[]): Promise<PushedForTest> =>
    await pushParts(tag, [
      { mediaType: 'application/vnd.oci.empty.v1+json', content: bytes('{}') },
      ...layers.map((mediaType, place) => ({ mediaType, content: bytes(`${tag} ${place}`) })),
    ])
  const pushParts = async (
    tag: string,
    parts: readonly { readonly mediaType: string; readonly content: Uint8Array<ArrayBuffer> }[],
    more: object = {},
  ): Promise<PushedForTest> => {
    for (const { content } of parts) await scene.pushBlob(app, content)
    const [first, ...rest] = parts.map(({ mediaType, content }) => ({
      mediaType,
      digest: digestOf(content),
      size: content.byteLength,
    }))
    const text = { schemaVersion: 2, mediaType: manifestType, config: first, layers: rest, ...more }
    const body = bytes(JSON.stringify(text))
    const reference = { kind: 'tag' as const, tag: tag as TagName }
    await scene.push({ reference, tags: [], manifest: parseManifest(body, manifestType), bytes: body })
    return { digest: digestOf(body), size: body.byteLength }
  }

  /** What a scan found; without findings the image is clean. */
  const report = async ({ digest }: PushedForTest, found: readonly FoundForTest[] = []): Promise<void> => {
    const scan = { digest, projectId, repository: app, scannerId, scanKind: 'vulnerability' as const }
    const reportId = crypto.randomUUID()
    const findings = found.map((each, place) => ({ ...plainFinding(`package-${place}`), ...each }))
    const packed = await packReport({ findings, gaps: [], generation: 1 }, '')
    await database.write(async (tx) => {
      await tx.deleteFrom('scan').where('digest', '=', digest).execute()
      await tx
        .insertInto('scan')
        .values({
          ...{ digest, scanner_id: scannerId, kind: 'vulnerability', report_id: reportId, job_id: null },
          ...{ status: 'running', error: null, started_at: clock.now(), finished_at: null, created_at: clock.now() },
          ...{ reported_at: null, generation: null, severity: null, summary: null, body: null },
        })
        .execute()
      await recordReport(tx, { clock, events }, system, { ...scan, reportId }, packed)
    })
  }

  const set = async (metadata: ProjectMetadata): Promise<void> =>
    await database.write(async (tx) => await writeMetadata(tx, projectId, metadata))
  const allow = async (cveIds: readonly string[], expiresAt?: number): Promise<void> =>
    await database.write(async (tx) => await writeCveAllowlist(tx, projectId, { cveIds, expiresAt }, clock.now()))

  const read = async (operation: 'pull' | 'read-artifact', reference: Reference, actor: Actor = system) =>
    await manifests.getManifest(await admit(actor, operation, app), reference)
  /** Every door, each by the digest and the tag of what leaves. */
  const doors: Readonly<Record<string, (tag: string, digest: Digest) => Promise<unknown>>> = {
    'a pull by tag': (tag) => read('pull', { kind: 'tag', tag: tag as TagName }),
    'a pull by digest': (_tag, digest) => read('pull', { kind: 'digest', digest }),
    'a HEAD': async (tag) =>
      await manifests.statManifest(await admit(system, 'pull', app), { kind: 'tag', tag: tag as TagName }),
    'a copy to another project': async (_tag, digest) => {
      const target = await admit(system, 'copy', 'other/app' as RepositoryName)
      return await copyArtifact(scene, await admit(system, 'copy-from', app), target, { kind: 'digest', digest })
    },
    'an export': async (wanted) =>
      await exportRepository({ ...scene, store: noStore }, await admit(system, 'pull', app), silentSink, {
        isWanted: (tag) => tag === wanted,
        untagged: false,
        link: false,
      }),
  }
  return { ...scene, projectId, scannerId, pushOf, pushEmptyConfig, pushIndex, report, set, allow, read, doors }

  async function pushIndex(children: readonly PushedForTest[], annotations: readonly (object | undefined)[] = []) {
    const plain = indexOf(children)
    const text = JSON.parse(new TextDecoder().decode(plain.bytes)) as { manifests: object[] }
    text.manifests = text.manifests.map((child, place) => ({
      ...child,
      ...(annotations[place] === undefined ? {} : { annotations: annotations[place] }),
    }))
    const body = bytes(JSON.stringify(text))
    await scene.push({ ...plain, manifest: parseManifest(body, plain.manifest.mediaType), bytes: body })
    return { digest: digestOf(body), size: body.byteLength }
  }
}

const noStore: ExportServices['store'] = { giveTo: async () => false } as never

const silentSink: ContentSink = {
  hasContent: async () => true,
  addManifest: async () => {},
  addBlob: async () => {},
  addEntry: async () => {},
}

const plainFinding = (name: string) =>
  ({
    aliases: [],
    package: { kind: 'npm', name, version: '1.0.0', licences: [], path: 'package.json', purl: `pkg:npm/${name}@1.0.0` },
    fixVersion: '',
    status: 'affected' as const,
    severitySource: 'nvd',
  }) as unknown as Omit<Finding, 'id' | 'severity'>

/** `done`, or the message of the refusal; anything else that went wrong goes on. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof DomainError && error.code === 'POLICY_VIOLATION') return error.message
      throw error
    },
  )
}
