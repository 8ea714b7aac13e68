import { parseDigest } from '#contract/digest.ts'
import { parseRepositoryName } from '#contract/repository-name.ts'
import type { PushedSignatures } from '../domain/signatures/pushed-signatures.ts'
import type { Uploads } from '../domain/content/uploads.ts'
import type { DomainErrorCode } from '../domain/errors.ts'
import type { Events } from '../domain/events/events.ts'
import { generateSbomJob, type GenerateSbomPayload } from '../domain/scanning/sboms/sbom-job.ts'
import { sbomOf } from '../domain/scanning/sboms/sbom-document.ts'
import { recordRunEnd, recordRunStart } from '../domain/scanning/sboms/sbom-runs.ts'
import { storeSbom } from '../domain/scanning/sboms/store-sbom.ts'
import { finalFailureOf } from './final-failure.ts'
import { imageInventory, type InventoryServices } from './image-inventory.ts'
import { PermanentFailure, type JobKind, type RunningJob } from './job-kind.ts'

export interface SbomServices extends InventoryServices {
  readonly events: Events
  readonly uploads: Uploads
  readonly pushedSignatures: PushedSignatures
  readonly trashWindowMs: number
  /** Of this registry, as clients name it; undefined where it is not configured. */
  readonly host: string | undefined
}

const maxAttempts = 3

/** Another attempt would be refused as well. */
const refusals: readonly DomainErrorCode[] = [
  ...(['MANIFEST_UNKNOWN', 'REPOSITORY_UNKNOWN', 'PROJECT_UNKNOWN'] as const),
  ...(['BAD_REQUEST', 'QUOTA_EXCEEDED', 'READ_ONLY', 'SIZE_INVALID'] as const),
]

/** Makes the bill of materials of one image: what lies in it, unless that is known, written down and stored beside it. */
export function composeGenerateSbom(services: SbomServices): JobKind<GenerateSbomPayload> {
  return {
    name: generateSbomJob.kind,
    concurrency: {},
    maxAttempts,
    parse: generateSbomJob.parse,
    async run(job) {
      try {
        return await generate(services, job)
      } catch (error) {
        const end = finalFailureOf(job, error, { maxAttempts, refusals })
        if (end === undefined) throw error
        await job.transact((tx) => recordRunEnd(tx, services, job.actor, job.payload, end))
        throw end.status === 'error' ? new PermanentFailure(end.error, { cause: error }) : error
      }
    },
  }
}

async function generate(services: SbomServices, job: RunningJob<GenerateSbomPayload>) {
  const { clock, admit, manifests, host } = services
  const { format } = job.payload
  const [repository, digest] = [parseRepositoryName(job.payload.repository), parseDigest(job.payload.digest)]
  await job.transact((tx) => recordRunStart(tx, clock, job.payload))
  job.log(`making a bill of materials (${format}) for ${repository}@${digest}`)
  const { inventory, foundAt } = await imageInventory(services, job)
  job.signal.throwIfAborted()
  const document = sbomOf(inventory, { host, repository, digest, foundAt }, format)
  const admission = await admit(job.actor, 'read-artifact', repository)
  const { bytes, mediaType } = await manifests.getManifest(admission, { kind: 'digest', digest })
  const subject = { mediaType, digest, size: bytes.byteLength }
  const { actor } = job
  const stored = await storeSbom(services, { actor, repository, subject, format, document, foundAt })
  await job.transact((tx) => recordRunEnd(tx, services, actor, job.payload, { status: 'success' }))
  job.log(
    `${stored.isNew ? 'stored' : 'unchanged:'} ${stored.digest}, ${inventory.packages.length} packages, ${document.byteLength} bytes; ` +
      `${stored.replaced} older ones removed`,
  )
  return { sbom: stored.digest, packages: inventory.packages.length, bytes: document.byteLength }
}
