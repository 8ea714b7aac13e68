import { parseDigest } from '#contract/digest.ts'
import { mediaTypes } from '#contract/media-types.ts'
import { parseLast, parsePageSize, parseTypeFilter } from '#contract/paging.ts'
import type { OciHandler } from './oci-request.ts'

/** Old clients do not follow Link, so a page without `n` is as large as memory and patience allow. */
const tagsPage = { fallback: 10_000, max: 10_000 }
const catalogPage = { fallback: 1_000, max: 10_000 }
const referrersPage = { fallback: 100, max: 1_000 }
/** The size of an index that clients still read; oras stops at 4 MiB. */
const referrersPageBytes = 3 * 1024 * 1024

/** §end-8a, §end-8b */
export const listTagsEndpoint: OciHandler = async (services, oci) => {
  const size = parsePageSize(oci.query.get('n'), tagsPage)
  const last = parseLast(oci.query.get('last'))
  const admission = await services.admit(oci.actor, 'pull', oci.repository)
  const page = await services.tags.listTags(admission, { size, last })
  return list({ name: oci.name, tags: page.tags }, nextLink(`/v2/${oci.name}/tags/list`, { last: page.next, n: size }))
}

/** GET /v2/_catalog: not in the spec, but in Docker's registry and in Harbor. The router has checked the actor. */
export const listCatalogEndpoint: OciHandler = async (services, oci) => {
  const size = parsePageSize(oci.query.get('n'), catalogPage)
  const last = parseLast(oci.query.get('last'))
  const page = await services.catalog.listCatalog({ size, last })
  return list({ repositories: page.repositories }, nextLink('/v2/_catalog', { last: page.next, n: size }))
}

/** §end-12a, §end-12b */
export const listReferrersEndpoint: OciHandler = async (services, oci) => {
  const subject = parseDigest(oci.reference)
  const size = Math.max(1, parsePageSize(oci.query.get('n'), referrersPage))
  const last = parseLast(oci.query.get('last'))
  const artifactType = parseTypeFilter(oci.query.get('artifactType'))
  const admission = await services.admit(oci.actor, 'pull', oci.repository)
  const page = await services.referrers.listReferrers(admission, subject, {
    size,
    maxBytes: referrersPageBytes,
    last,
    artifactType,
  })
  const next = nextLink(`/v2/${oci.name}/referrers/${subject}`, { artifactType, last: page.next, n: size })
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: page.descriptors }
  const headers: Record<string, string> = { ...next, 'content-type': mediaTypes.ociIndex }
  if (artifactType !== undefined) headers['oci-filters-applied'] = 'artifactType'
  return list(index, headers)
}

function nextLink(
  path: string,
  query: { last: string | undefined; [key: string]: string | number | undefined },
): Record<string, string> {
  if (query.last === undefined) return {}
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) parameters.set(key, String(value))
  return { link: `<${path}?${parameters}>; rel="next"` }
}

function list(body: unknown, headers: Record<string, string>): Response {
  const text = JSON.stringify(body)
  return new Response(text, {
    headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)), ...headers },
  })
}
