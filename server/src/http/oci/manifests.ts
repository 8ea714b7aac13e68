import { parseManifest } from '#contract/manifest.ts'
import { parseReference, parseTagName, type TagName } from '#contract/reference.ts'
import { deleteManifest, untag } from '../../domain/artifacts/delete.ts'
import type { StoredManifest } from '../../domain/artifacts/pull.ts'
import { pushManifest } from '../../domain/artifacts/push.ts'
import { DomainError } from '../../domain/errors.ts'
import { matchesEtag } from './etag.ts'
import { readBody, type OciHandler } from './oci-request.ts'

/** The spec asks for ten; more than this in one request is no use anybody has shown. */
const maxTagsPerPush = 50

export const getManifestEndpoint: OciHandler = async (services, oci) => {
  const reference = parseReference(oci.reference)
  const admission = await services.admit(oci.actor, 'pull', oci.repository)
  const manifest = await services.manifests.getManifest(admission, reference)
  if (matchesEtag(oci.request, manifest.digest)) {
    return new Response(null, { status: 304, headers: manifestHeaders(manifest) })
  }
  if (oci.request.method === 'HEAD') return new Response(null, { headers: manifestHeaders(manifest) })
  services.pulls.record(manifest, services.clock.now())
  services.pullAudit?.record(oci.actor, {
    type: 'pull_artifact',
    projectId: admission.projectId,
    repository: admission.repositoryName,
    digest: manifest.digest,
    ...(reference.kind === 'tag' ? { tag: reference.tag } : {}),
  })
  return new Response(manifest.bytes as Uint8Array<ArrayBuffer>, { headers: manifestHeaders(manifest) })
}

function manifestHeaders(manifest: StoredManifest): Record<string, string> {
  return {
    'content-type': manifest.mediaType,
    'content-length': String(manifest.bytes.byteLength),
    'docker-content-digest': manifest.digest,
    'docker-distribution-api-version': 'registry/2.0',
    etag: `"${manifest.digest}"`,
    'x-content-type-options': 'nosniff',
  }
}

export const putManifestEndpoint: OciHandler = async (services, oci) => {
  const reference = parseReference(oci.reference)
  const tags = queryTags(oci.query)
  const admission = await services.admit(oci.actor, 'push', oci.repository)
  const bytes = await readBody(oci, services.limits.manifestBytes)
  const manifest = parseManifest(bytes, oci.request.headers.get('content-type') ?? undefined)
  const pushed = await pushManifest(services, admission, { reference, tags, manifest, bytes })
  const headers = new Headers({
    location: `/v2/${oci.name}/manifests/${pushed.digest}`,
    'docker-content-digest': pushed.digest,
    'docker-distribution-api-version': 'registry/2.0',
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
  if (reference.kind === 'tag') await untag(services, admission, reference.tag)
  else await deleteManifest(services, admission, reference.digest)
  return new Response(null, { status: 202 })
}
