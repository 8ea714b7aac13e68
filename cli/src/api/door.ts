/** One request below /api/v2.0 of a registry. */
export interface DoorRequest {
  readonly method: string
  /** Behind `/api/v2.0`, with its query. */
  readonly target: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** A way into a registry: its database on this machine, or its address. */
export interface Door extends AsyncDisposable {
  /** As messages call it. */
  readonly name: string
  readonly isLocal: boolean
  send(request: DoorRequest): Promise<Response>
}
