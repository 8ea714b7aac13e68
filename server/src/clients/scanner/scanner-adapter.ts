/** Where an adapter of the Pluggable Scanner API listens, and how one signs in to it. */
export interface ScannerAddress {
  /** Without a slash at its end: `https://trivy.example.org:8080`. */
  readonly url: string
  readonly auth: '' | 'Basic' | 'Bearer' | 'APIKey'
  /** `user:password` for Basic, else a token. */
  readonly credential: string
  /** Takes any certificate. */
  readonly insecure: boolean
}

export interface ScannerIdentity {
  readonly name: string
  readonly vendor: string
  readonly version: string
}

/** What an adapter says of itself. */
export interface ScannerMetadata {
  readonly scanner: ScannerIdentity
  readonly capabilities: readonly ScannerCapability[]
  readonly properties: Readonly<Record<string, string>>
}

export interface ScannerCapability {
  readonly type: 'vulnerability' | 'sbom'
  /** Whether the adapter names the type itself: adapters before v1.2 do not know the word. */
  readonly isNamed: boolean
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
}

/** What an adapter is asked to scan, and how it gets there. */
export interface AdapterScan {
  readonly registryUrl: string
  /** A header: `Basic …` or `Bearer …`. */
  readonly authorization: string
  readonly artifact: {
    readonly repository: string
    readonly tag: string
    readonly digest: string
    readonly mediaType: string
    readonly size: number
  }
  /** Media types of reports. */
  readonly produces: readonly string[]
  /** Left out for adapters that do not name capabilities. */
  readonly isNamed: boolean
}

export type AdapterReport =
  | { readonly kind: 'pending'; readonly refreshAfterSeconds: number | undefined }
  | { readonly kind: 'ready'; readonly body: AsyncIterable<Uint8Array> }

/** The adapter of one registration. Everything it answers is bounded in bytes and time. All throw ScannerFailure. */
export interface ScannerAdapter {
  metadata(): Promise<ScannerMetadata>
  /** @returns the id by which the report is asked for */
  submit(scan: AdapterScan, signal: AbortSignal): Promise<string>
  report(id: string, mediaType: string, signal: AbortSignal): Promise<AdapterReport>
}

export type OpenScannerAdapter = (address: ScannerAddress) => ScannerAdapter

/** An adapter is not there, or says what cannot be. */
export class ScannerFailure extends Error {
  override readonly name = 'ScannerFailure'
  /** Whether asking again later may help. */
  readonly isPassing: boolean

  constructor(message: string, { isPassing = false, cause }: { isPassing?: boolean; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.isPassing = isPassing
  }
}
