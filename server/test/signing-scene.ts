import { createHash, sign, type KeyObject } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { Reference, TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { composeEvents } from '#server/compose/events.ts'
import type { Database } from '#server/database/database.ts'
import { pushManifest } from '#server/domain/artifacts/push.ts'
import type { Json } from '#server/domain/json.ts'
import { TrustedSigners } from '#server/domain/signatures/trusted-signers.ts'
import { verdictOf } from '#server/domain/signatures/verdicts.ts'
import { composeFindSignatures } from '#server/jobs/find-signatures.ts'
import { composeReverifySignatures } from '#server/jobs/reverify-signatures.ts'
import { composeVerifySignatures } from '#server/jobs/verify-signatures.ts'
import { composeRegistryForTest, system } from './registry-for-test.ts'
import { runningJobForTest } from './running-job.ts'

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json'
export const ociIndex = 'application/vnd.oci.image.index.v1+json'
const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json'
const signatureAnnotation = 'dev.cosignproject.cosign/signature'
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest

/** A registry in which signatures are verified, by jobs that run when the test says so. */
export async function composeSigningScene(database: Database) {
  const registry = await composeRegistryForTest(database)
  const { clock, store, admit, pushBlob } = registry
  const events = composeEvents(clock)
  const services = { database, clock, events, store }
  const signers = new TrustedSigners(services)
  const kinds = new Map(
    [composeVerifySignatures(services), composeReverifySignatures(services), composeFindSignatures(services)].map(
      (kind) => [kind.name, kind] as const,
    ),
  )
  const project = await database.read
    .selectFrom('project')
    .select('id')
    .where('name', '=', 'library')
    .executeTakeFirstOrThrow()

  const push = async (repository: string, body: object, tag?: string): Promise<Digest> => {
    const bytes = text(body)
    const manifest = parseManifest(bytes, undefined)
    const reference: Reference =
      tag === undefined ? { kind: 'digest', digest: sha256(bytes) } : { kind: 'tag', tag: tag as TagName }
    const admission = await admit(system, 'push', repository as RepositoryName)
    return (await pushManifest({ ...registry, events }, admission, { reference, tags: [], manifest, bytes })).digest
  }
  const blob = async (
    repository: string,
    bytes: Uint8Array,
    mediaType: string,
    annotations?: Record<string, string>,
  ) => ({
    ...{ mediaType, digest: await pushBlob(repository, bytes), size: bytes.length },
    ...(annotations === undefined ? {} : { annotations }),
  })
  const image = async (repository: string, tag: string) =>
    await push(
      repository,
      {
        schemaVersion: 2,
        mediaType: ociManifest,
        config: await blob(repository, text({ tag }), 'application/vnd.oci.image.config.v1+json'),
        layers: [],
      },
      tag,
    )
  const payloadOf = (digest: string) =>
    text({
      critical: {
        identity: { 'docker-reference': '' },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
    })
  /** The layer that cosign would write for a signature of the digest. */
  const layer = async (repository: string, digest: string, key: KeyObject) => {
    const payload = payloadOf(digest)
    return await blob(repository, payload, simpleSigning, {
      [signatureAnnotation]: sign('sha256', payload, key).toString('base64'),
    })
  }
  const config = async (repository: string, type = 'application/vnd.oci.image.config.v1+json') =>
    await blob(repository, text({}), type)
  const tagOf = (digest: Digest) => `sha256-${digest.slice(7)}.sig`

  /** Runs the jobs that wait, in their order; returns how many there were. */
  const work = async (): Promise<number> => {
    let done = 0
    for (;;) {
      const job = await database.read
        .selectFrom('job')
        .select(['id', 'kind', 'payload'])
        .where('finished_at', 'is', null)
        .where('kind', 'in', [...kinds.keys()])
        .orderBy('id')
        .executeTakeFirst()
      if (job === undefined) return done
      const kind = kinds.get(job.kind)!
      const payload = kind.parse(JSON.parse(job.payload) as Json)
      await (kind.run as (running: unknown) => Promise<Json>)(runningJobForTest(database, payload, { id: job.id }))
      await database.write(async (tx) => {
        await tx
          .updateTable('job')
          .set({ status: 'succeeded', finished_at: clock.now() })
          .where('id', '=', job.id)
          .execute()
      })
      done += 1
    }
  }
  const repositoryId = async (name: string) =>
    (await database.read.selectFrom('repository').select('id').where('name', '=', name).executeTakeFirstOrThrow()).id
  const verdict = async (repository: string, digest: Digest) =>
    await verdictOf(database.read, {
      ...{ projectId: project.id, repositoryId: await repositoryId(repository), digest, now: clock.now() },
    })

  return {
    ...registry,
    ...{ events, signers, projectId: project.id, push, blob, image, layer, config, work, verdict, repositoryId, tagOf },
    /** As cosign before version 3: by a tag. */
    signByTag: async (repository: string, digest: Digest, key: KeyObject, of: string = digest) =>
      await push(
        repository,
        {
          ...{ schemaVersion: 2, mediaType: ociManifest, config: await config(repository) },
          layers: [await layer(repository, of, key)],
        },
        tagOf(digest),
      ),
    /** As cosign with OCI 1.1: by a manifest that names its subject. */
    signBySubject: async (repository: string, digest: Digest, key: KeyObject, of: string = digest) =>
      await push(repository, {
        ...{ schemaVersion: 2, mediaType: ociManifest },
        config: await config(repository, 'application/vnd.dev.cosign.artifact.sig.v1+json'),
        layers: [await layer(repository, of, key)],
        subject: { mediaType: ociManifest, digest, size: 1 },
      }),
    trust: async (name: string, pem: string, projectId?: number) =>
      await signers.createSigner(system, projectId, { name, definition: { kind: 'key', public_key: pem } }),
  }
}
