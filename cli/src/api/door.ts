/** One request below /api/v2.0 of a registry. */
export interface DoorRequest {
  readonly method: string
  /** Behind `/api/v2.0`, with its query. */
  readonly target: string
  readonly body?: unknown
  /** Bytes instead of JSON, for operations that take a file. */
  readonly file?: SentFile
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface SentFile {
  readonly sizeBytes: number
  readonly bytes: AsyncIterable<Uint8Array>
}

/** A way into a registry: its database on this machine, or its address. */
export interface Door extends AsyncDisposable {
  /** As messages call it. */
  readonly name: string
  readonly isLocal: boolean
  send(request: DoorRequest): Promise<Response>
}
