import { formatPurl } from '../purl.ts'

/** What a bill of materials that we write is about. */
export interface BomSubject {
  /** `registry.example.com/library/app:1.0`, or the path of a folder. */
  readonly name: string
  readonly type: 'container' | 'application'
  /** Of the manifest: `sha256:…`. */
  readonly digest?: string
  /** Of a container: `pkg:oci/…`. */
  readonly purl?: string
}

/** What time, chance and the program give; the same values give the same document. */
export interface BomOrigin {
  /** RFC 3339, seconds. */
  readonly created: string
  readonly uuid: string
  readonly toolVersion: string
}

/** `pkg:oci/app@sha256:…?repository_url=registry.example.com/library/app`; undefined for a repository without a name. */
export function purlOfImage(
  repository: string,
  { host, digest = '' }: { readonly host?: string | undefined; readonly digest?: string | undefined },
): string | undefined {
  const last = repository.split('/').at(-1) ?? ''
  if (last === '') return undefined
  const qualifiers = host === undefined ? {} : { repository_url: `${host}/${repository}` }
  return formatPurl({ type: 'oci', name: last, version: digest, qualifiers })
}
