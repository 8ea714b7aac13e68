import { headerOf } from './manifests.ts'
import type { HttpAnswer } from './exchange.ts'
import { RegistryFailure } from './registry-failure.ts'

/** Where an upload goes on, as the registry last said. */
export interface UploadPlace {
  readonly url: URL
  /** Bytes that the registry has; undefined when it does not say, or says `0-0`, which is none or one. */
  readonly offset: number | undefined
  /** The least that a chunk may have (distribution-spec v1.1 §pushing-a-blob-in-chunks). */
  readonly minChunkBytes: number
}

const saneUploadId = /^[A-Za-z0-9._=-]{1,512}$/

/**
 * Location is relative or absolute. One on the host that was asked keeps to HTTPS, since a proxy in front often does not
 * tell a registry about it. Where there is none, Docker-Upload-UUID is the last part of the path (Artifactory).
 * @throws RegistryFailure INVALID_ANSWER, REDIRECT_REFUSED
 */
export function uploadPlaceOf(answer: HttpAnswer, uploadsPath: string): UploadPlace {
  const asked = answer.url
  const location = headerOf(answer, 'location')
  const id = headerOf(answer, 'docker-upload-uuid') ?? ''
  let url: URL
  if (location !== undefined && URL.canParse(location, asked)) url = new URL(location, asked)
  else if (saneUploadId.test(id) && !/^\.+$/.test(id)) url = new URL(`${uploadsPath}${id}`, asked)
  else throw new RegistryFailure('INVALID_ANSWER', `${asked.host} does not say where the upload goes on`)
  url.username = ''
  url.password = ''
  url.hash = ''
  if (asked.protocol === 'https:' && url.protocol === 'http:') {
    if (url.hostname !== asked.hostname) {
      throw new RegistryFailure('REDIRECT_REFUSED', `${asked.host} sends an upload from HTTPS to HTTP`)
    }
    url.protocol = 'https:'
    url.port = asked.port
  }
  const least = headerOf(answer, 'oci-chunk-min-length') ?? ''
  return {
    url,
    offset: offsetOf(headerOf(answer, 'range')),
    minChunkBytes: /^\d{1,12}$/.test(least) ? Number(least) : 0,
  }
}

function offsetOf(range: string | undefined): number | undefined {
  const match = /^(?:bytes=)?0-(\d{1,15})$/.exec(range?.trim() ?? '')
  const last = match === null ? 0 : Number(match[1])
  return last === 0 ? undefined : last + 1
}

/** The place with the digest that ends the upload; what stands in the query already (Distribution's `_state`) stays as it is. */
export function finishingUrl(place: UploadPlace, digest: string): URL {
  const url = new URL(place.url)
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`
  return url
}
