import { parseRangeHeader } from '#contract/byte-range.ts'
import { parseDigest } from '#contract/digest.ts'
import type { Admission } from '../../domain/access/admission.ts'
import type { ReadableBlob } from '../../domain/content/roles.ts'
import { DomainError } from '../../domain/errors.ts'
import { countedResponse } from '../counted-body.ts'
import { isRangeOf, matchesEtag } from './etag.ts'
import { multipartRanges } from './multipart-ranges.ts'
import type { OciHandler, OciRequest, OciServices } from './oci-request.ts'

/**
 * A blob is bytes that a client pushed: never a page of ours, whatever it contains. Content under a digest cannot
 * change, so private caches may keep it.
 */
function blobHeaders(blob: ReadableBlob, length?: number): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': blob.digest,
    etag: `"${blob.digest}"`,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    // Bun writes one with the name that the file has in the store, unless there is one.
    'content-disposition': 'attachment',
  }
  if (length !== undefined) headers['content-length'] = String(length)
  return headers
}

export const headBlobEndpoint: OciHandler = async (services, oci) => {
  const digest = parseDigest(oci.reference)
  const admission = await services.admit(oci.actor, 'pull', oci.repository)
  const blob = await services.blobs.getBlob(admission, digest)
  if (blob.needsLease()) await keepForPush(services, oci, blob)
  const status = matchesEtag(oci.request, blob.digest) ? 304 : 200
  return new Response(null, { status, headers: blobHeaders(blob, blob.sizeBytes) })
}

/** A client that may push skips the upload because of the answer to its HEAD: the link must outlive the push. */
async function keepForPush(services: OciServices, oci: OciRequest, blob: ReadableBlob): Promise<void> {
  let admission: Admission<'push'>
  try {
    admission = await services.admit(oci.actor, 'push', oci.repository)
  } catch (error) {
    if (error instanceof DomainError) return
    throw error
  }
  await services.blobLinks.keepForPush(admission, blob.digest)
}

export const getBlobEndpoint: OciHandler = async (services, oci) => {
  const digest = parseDigest(oci.reference)
  const admission = await services.admit(oci.actor, 'pull', oci.repository)
  const blob = await services.blobs.getBlob(admission, digest)
  const headers = blobHeaders(blob)
  if (matchesEtag(oci.request, blob.digest)) return new Response(null, { status: 304, headers })
  const elsewhere = await blob.redirect()
  if (elsewhere !== undefined) {
    // The client sends its Range there. The answer holds a signature, so caches must not keep it.
    return new Response(null, {
      status: 307,
      headers: { ...headers, location: elsewhere, 'cache-control': 'no-store' },
    })
  }
  const asked = isRangeOf(oci.request, blob.digest) ? oci.request.headers.get('range') : null
  const range = parseRangeHeader(asked, blob.sizeBytes)
  if (range.kind === 'unsatisfiable') {
    throw new DomainError('RANGE_NOT_SATISFIABLE', `the blob has ${blob.sizeBytes} bytes`, {
      detail: { sizeBytes: blob.sizeBytes },
    })
  }
  if (range.kind === 'whole') {
    headers['content-length'] = String(blob.sizeBytes)
    return contentOf(await blob.open(), { headers })
  }
  if (range.kind === 'parts') {
    const { type, body } = multipartRanges(blob, range.parts)
    return contentOf(body, { status: 206, headers: { ...headers, 'content-type': type } })
  }
  headers['content-length'] = String(range.end - range.start + 1)
  headers['content-range'] = `bytes ${range.start}-${range.end}/${blob.sizeBytes}`
  return contentOf(await blob.open({ start: range.start, end: range.end }), { status: 206, headers })
}

/** The listener sends a file by itself; what comes as a stream is counted on its way. */
function contentOf(bytes: Blob | ReadableStream<Uint8Array>, init: ResponseInit): Response {
  return bytes instanceof ReadableStream ? countedResponse(bytes, init) : new Response(bytes, init)
}

export const deleteBlobEndpoint: OciHandler = async (services, oci) => {
  const digest = parseDigest(oci.reference)
  const admission = await services.admit(oci.actor, 'delete', oci.repository)
  await services.blobLinks.deleteBlob(admission, digest)
  return new Response(null, { status: 202, headers: { 'docker-content-digest': digest } })
}
