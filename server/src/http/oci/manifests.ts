import { parseManifest } from '#contract/manifest.ts'
import { parseReference, parseTagName, type TagName } from '#contract/reference.ts'
import type { ManifestStat } from '../../domain/artifacts/roles.ts'
import { DomainError } from '../../domain/errors.ts'
import { currentOrigin } from '../../domain/request-origin.ts'
import { matchesEtag } from './etag.ts'
import { readBody, type OciHandler } from './oci-request.ts'

/** The spec asks for ten tags in one request; no client has shown a use for more. */
const maxTagsPerPush = 50

export const getManifestEndpoint: OciHandler = async (services, oci) => {
  const reference = parseReference(oci.reference)
  const admission = await services.admit(oci.actor, 'pull', oci.repository)
  const manifest = await services.manifests.getManifest(admission, reference)
  const { digest, mediaType, bytes } = manifest
  const headers = manifestHeaders({ digest, mediaType, sizeBytes: bytes.byteLength })
  if (matchesEtag(oci.request, digest)) return new Response(null, { status: 304, headers })
  services.pulls.onPull(admission, reference, manifest)
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers })
}

export const headManifestEndpoint: OciHandler = async (services, oci) => {
  const reference = parseReference(oci.reference)
  const admission = await services.admit(oci.actor, 'pull', oci.repository)
  const manifest = await services.manifests.statManifest(admission, reference)
  const status = matchesEtag(oci.request, manifest.digest) ? 304 : 200
  return new Response(null, { status, headers: manifestHeaders(manifest) })
}

function manifestHeaders(manifest: ManifestStat): Record<string, string> {
  return {
    'content-type': manifest.mediaType,
    'content-length': String(manifest.sizeBytes),
    'docker-content-digest': manifest.digest,
    etag: `"${manifest.digest}"`,
    'x-content-type-options': 'nosniff',
    ...ageOf(currentOrigin()?.ageMs),
    ...warningsOf(currentOrigin()?.warnings ?? []),
  }
}

/** RFC 9111 §5.1: seconds since a proxy project last compared it with its upstream. */
function ageOf(ageMs: number | undefined): { readonly age?: string } {
  return ageMs === undefined ? {} : { age: String(Math.floor(ageMs / 1_000)) }
}

/** Of all sentences together, as distribution-spec 1.1 §warnings has it. */
const maxWarningLength = 4_096
const maxSentenceLength = 1_024

/** What policies that only warn say, as much as there is room for. Quotes end a sentence, and a header has no characters beyond ASCII. */
export function warningsOf(sentences: readonly string[]): { readonly warning?: string } {
  let warning = ''
  for (const sentence of sentences) {
    const text = sentence
      .slice(0, maxSentenceLength)
      .replaceAll(/[^ -~]/g, '?')
      .replaceAll('"', "'")
    const added = `${warning === '' ? '' : `${warning}, `}299 - "${text}"`
    if (added.length > maxWarningLength) break
    warning = added
  }
  return warning === '' ? {} : { warning }
}

export const putManifestEndpoint: OciHandler = async (services, oci) => {
  const reference = parseReference(oci.reference)
  const tags = queryTags(oci.query)
  const admission = await services.admit(oci.actor, 'push', oci.repository)
  const bytes = await readBody(oci, services.limits.manifestBytes)
  const manifest = parseManifest(bytes, oci.request.headers.get('content-type') ?? undefined)
  const pushed = await services.manifestWriter.pushManifest(admission, { reference, tags, manifest, bytes })
  const headers = new Headers({
    location: `/v2/${oci.name}/manifests/${pushed.digest}`,
    'docker-content-digest': pushed.digest,
  })
  if (pushed.subject !== undefined) headers.set('oci-subject', pushed.subject)
  for (const tag of tags) headers.append('oci-tag', tag)
  return new Response(null, { status: 201, headers })
}

/** `?tag=a&tag=b` (distribution-spec 1.2 §end-7b). */
function queryTags(query: URLSearchParams): TagName[] {
  const tags = query.getAll('tag')
  if (tags.length > maxTagsPerPush) {
    throw new DomainError(
      'BAD_REQUEST',
      `one push may set ${maxTagsPerPush} tags at the most; send the rest in another`,
    )
  }
  return [...new Set(tags.map(parseTagName))]
}

export const deleteManifestEndpoint: OciHandler = async (services, oci) => {
  const reference = parseReference(oci.reference)
  const admission = await services.admit(oci.actor, 'delete', oci.repository)
  if (reference.kind === 'tag') await services.manifestWriter.untag(admission, reference.tag)
  else await services.manifestWriter.deleteManifest(admission, reference.digest)
  return new Response(null, { status: 202 })
}
