import { canonicalRepositoryName, type RepositoryName } from '#contract/repository-name.ts'
import { DomainError } from '../../domain/errors.ts'
import type { Actor } from '../../domain/access/actor.ts'
import type { Admit } from '../../domain/policies/admit.ts'
import type {
  CatalogLister,
  ManifestReader,
  ManifestWriter,
  PullObserver,
  ReferrerLister,
  TagLister,
} from '../../domain/artifacts/roles.ts'
import type { BlobLinks, BlobReader, BlobTaker, UploadSessions } from '../../domain/content/roles.ts'

/** The roles that the endpoints under /v2 call. Another implementation can stand in front of each. */
export interface OciServices {
  readonly admit: Admit
  readonly manifests: ManifestReader
  readonly manifestWriter: ManifestWriter
  readonly tags: TagLister
  readonly referrers: ReferrerLister
  readonly catalog: CatalogLister
  readonly pulls: PullObserver
  readonly blobs: BlobReader
  readonly blobLinks: BlobLinks
  readonly blobTaker: BlobTaker
  readonly uploads: UploadSessions
  readonly limits: { readonly manifestBytes: number }
  /** Project of names without one; undefined: such names are refused. */
  readonly defaultProject: string | undefined
}

/** One request to /v2, after authentication. */
export interface OciRequest {
  readonly request: Request
  readonly actor: Actor
  readonly query: URLSearchParams
  /** The name as the client wrote it: what URLs in the answer are built from. */
  readonly name: string
  readonly repository: RepositoryName
  /** The part behind the last `/` of the path: a reference, a digest or an upload id; decoded. */
  readonly reference: string
  body(): AsyncIterable<Uint8Array> | undefined
}

export type OciHandler = (services: OciServices, oci: OciRequest) => Promise<Response>

/** The parts of a path under /v2/. */
export interface OciPath {
  readonly endpoint: 'base' | 'catalog' | 'tags' | 'manifests' | 'blobs' | 'uploads' | 'upload' | 'referrers'
  readonly name: string
  readonly reference: string
}

/**
 * Splits the path behind `/v2`. The name may contain anything here: it is parsed by its own rules afterwards.
 * Undefined when no endpoint has this form: no part of a path is empty but the last of `blobs/uploads/`.
 */
export function parseOciPath(path: string): OciPath | undefined {
  if (path === '' || path === '/') return { endpoint: 'base', name: '', reference: '' }
  if (path.includes('//')) return undefined
  if (path === '/_catalog') return { endpoint: 'catalog', name: '', reference: '' }
  if (path.endsWith('/tags/list')) return named('tags', path.slice(1, -'/tags/list'.length))
  if (path.endsWith('/blobs/uploads/')) return named('uploads', path.slice(1, -'/blobs/uploads/'.length))
  if (path.endsWith('/blobs/uploads')) return named('uploads', path.slice(1, -'/blobs/uploads'.length))
  const lastSlash = path.lastIndexOf('/')
  const reference = path.slice(lastSlash + 1)
  const before = path.slice(0, lastSlash)
  if (before.endsWith('/blobs/uploads')) return named('upload', before.slice(1, -'/blobs/uploads'.length), reference)
  for (const endpoint of ['manifests', 'blobs', 'referrers'] as const) {
    if (before.endsWith(`/${endpoint}`)) return named(endpoint, before.slice(1, -(endpoint.length + 1)), reference)
  }
  return undefined
}

function named(endpoint: OciPath['endpoint'], name: string, reference?: string): OciPath | undefined {
  if (name === '' || reference === '') return undefined
  return { endpoint, name, reference: decode(reference ?? '') }
}

/** Some clients write the colon of a digest as %3A. The parsers refuse other encoded characters. */
function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export function repositoryOf(services: Pick<OciServices, 'defaultProject'>, name: string): RepositoryName {
  return canonicalRepositoryName(name, services.defaultProject)
}

/**
 * The whole body, at most `limit` bytes; more is refused before it is read when it is announced, and at the
 * first byte too many when it is not.
 */
export async function readBody(oci: OciRequest, limit: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new DomainError('MANIFEST_TOO_LARGE', `a manifest may have ${limit} bytes at the most`, {
      detail: { maxBytes: limit },
    })
  const encoding = oci.request.headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    throw new DomainError(
      'UNSUPPORTED',
      `a manifest cannot be sent with Content-Encoding ${encoding.slice(0, 40)}; send it as it is`,
    )
  }
  if (Number(oci.request.headers.get('content-length') ?? 0) > limit) throw tooLarge()
  // One buffer that grows: a client may send bytes one by one, and a chunk object each would cost a hundred times them.
  let buffer = new Uint8Array(0)
  let length = 0
  for await (const chunk of oci.body() ?? []) {
    const end = length + chunk.byteLength
    if (end > limit) throw tooLarge()
    if (length === 0) buffer = chunk as Uint8Array<ArrayBuffer>
    else {
      if (end > buffer.byteLength) {
        const larger = new Uint8Array(Math.max(end, Math.min(limit, buffer.byteLength * 2)))
        larger.set(buffer.subarray(0, length))
        buffer = larger
      }
      buffer.set(chunk, length)
    }
    length = end
  }
  return buffer.subarray(0, length)
}
