import { parseContentRange } from '#contract/byte-range.ts'
import { ContractError } from '#contract/contract-error.ts'
import { parseDigest, type Digest, type DigestAlgorithm } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { anonymous } from '../../domain/access/actor.ts'
import type { Admission } from '../../domain/access/admission.ts'
import type { Upload } from '../../domain/content/uploads.ts'
import { DomainError } from '../../domain/errors.ts'
import type { UploadId } from '../../storage/blob-store.ts'
import { repositoryOf, type OciHandler, type OciRequest, type OciServices } from './oci-request.ts'

/** distribution-spec v1.1 §end-4a, §end-4b, §end-11 and 1.2 §end-4c. */
export const createUploadEndpoint: OciHandler = async (services, oci) => {
  const mount = oci.query.get('mount')
  const wholeBlob = oci.query.get('digest')
  const algorithm = parseAlgorithm(oci.query.get('digest-algorithm'))
  const mountDigest = mount === null ? undefined : parseDigest(mount)
  const digest = wholeBlob === null ? undefined : parseDigest(wholeBlob)

  const admission = await services.admit(oci.actor, 'push', oci.repository)
  if (mountDigest !== undefined && (await mountFrom(services, oci, admission, mountDigest))) {
    return blobCreated(oci, mountDigest)
  }
  const body = digest === undefined ? undefined : oci.body()
  // A POST that names the digest but brings no bytes begins an ordinary upload, as the spec allows.
  if (digest !== undefined && body !== undefined) {
    await services.blobTaker.uploadAtOnce(admission, digest, body)
    return blobCreated(oci, digest)
  }
  const upload = await services.uploads.createUpload(admission, algorithm)
  return uploadAccepted(oci, upload, 202)
}

/** §end-5 */
export const appendUploadEndpoint: OciHandler = async (services, oci) => {
  const id = parseUploadId(oci.reference)
  const chunk = chunkOf(oci)
  const admission = await services.admit(oci.actor, 'push', oci.repository)
  const upload = await services.uploads.appendToUpload(admission, id, oci.body() ?? nothing(), chunk)
  return uploadAccepted(oci, upload, 202)
}

/** §end-6 */
export const finishUploadEndpoint: OciHandler = async (services, oci) => {
  const id = parseUploadId(oci.reference)
  const wanted = oci.query.get('digest')
  if (wanted === null)
    throw new DomainError('DIGEST_INVALID', 'the digest query parameter is missing; finish with ?digest=sha256:…')
  const digest = parseDigest(wanted)
  const chunk = chunkOf(oci)
  const admission = await services.admit(oci.actor, 'push', oci.repository)
  const bytes = oci.body()
  await services.uploads.finishUpload(
    admission,
    id,
    digest,
    bytes === undefined ? undefined : { bytes, ...(chunk === undefined ? {} : { chunk }) },
  )
  return blobCreated(oci, digest)
}

/** §end-13 */
export const getUploadEndpoint: OciHandler = async (services, oci) => {
  const id = parseUploadId(oci.reference)
  const admission = await services.admit(oci.actor, 'push', oci.repository)
  return uploadAccepted(oci, await services.uploads.getUpload(admission, id), 204)
}

/** distribution-spec 1.2 §end-14 */
export const cancelUploadEndpoint: OciHandler = async (services, oci) => {
  const id = parseUploadId(oci.reference)
  const admission = await services.admit(oci.actor, 'push', oci.repository)
  await services.uploads.cancelUpload(admission, id)
  return new Response(null, { status: 204 })
}

/**
 * Tries to mount; whatever is in the way (a source that cannot be one or that nobody knows, no right to read it, no such
 * blob) looks the same to the client: it uploads (attack: learning by mount what others have).
 */
async function mountFrom(
  services: OciServices,
  oci: OciRequest,
  admission: Admission<'push'>,
  digest: Digest,
): Promise<boolean> {
  const from = oci.query.get('from')
  const sources =
    from === null ? await services.blobLinks.listMountSources(oci.actor, digest) : sourcesNamed(services, from)
  for (const name of sources) {
    const source = await admitSource(services, oci, name)
    if (source !== undefined && (await services.blobLinks.mountBlob(admission, digest, source))) return true
  }
  return false
}

/** None when the text is no name of a repository here: clients write a host in front of it, or leave it empty. */
function sourcesNamed(services: OciServices, from: string): RepositoryName[] {
  try {
    return [repositoryOf(services, from)]
  } catch (error) {
    if (error instanceof ContractError) return []
    throw error
  }
}

async function admitSource(
  services: OciServices,
  oci: OciRequest,
  name: RepositoryName,
): Promise<Admission<'pull'> | undefined> {
  // A token that does not name a public source may mount from it too, since every account may read it.
  for (const actor of [oci.actor, anonymous]) {
    try {
      return await services.admit(actor, 'pull', name)
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
    }
  }
  return undefined
}

function blobCreated(oci: OciRequest, digest: Digest): Response {
  return new Response(null, {
    status: 201,
    headers: {
      location: `/v2/${oci.name}/blobs/${digest}`,
      'docker-content-digest': digest,
    },
  })
}

function uploadAccepted(oci: OciRequest, upload: Upload, status: 202 | 204): Response {
  return new Response(null, { status, headers: uploadHeaders(oci.name, upload.id, upload.offset) })
}

export function uploadHeaders(name: string, id: string, offset: number): Record<string, string> {
  return {
    location: `/v2/${name}/blobs/uploads/${id}`,
    // The form has no way to say "nothing yet"; `0-0` is what every registry sends.
    range: `0-${Math.max(offset - 1, 0)}`,
    'docker-upload-uuid': id,
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function parseUploadId(text: string): UploadId {
  if (!uuid.test(text)) throw new DomainError('UPLOAD_UNKNOWN', 'no such upload in this repository; start a new one')
  return text as UploadId
}

function parseAlgorithm(text: string | null): DigestAlgorithm {
  if (text === null || text === 'sha256') return 'sha256'
  if (text === 'sha512') return 'sha512'
  throw new DomainError('DIGEST_INVALID', 'digest-algorithm must be sha256 or sha512')
}

function chunkOf(oci: OciRequest): { start: number; end: number } | undefined {
  const header = oci.request.headers.get('content-range')
  if (header === null) return undefined
  const range = parseContentRange(header)
  if (range === undefined) {
    throw new DomainError('UPLOAD_INVALID', 'Content-Range must have the form START-END, both inclusive, as in 0-1023')
  }
  return range
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
