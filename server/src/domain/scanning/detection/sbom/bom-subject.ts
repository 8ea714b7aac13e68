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
