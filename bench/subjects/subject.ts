import type { Endpoint } from '../client/connection.ts'

export interface StartOptions {
  /** Exists and is empty, or holds what an earlier start left. */
  readonly folder: string
  readonly port: number
  readonly tls: { readonly certificateFile: string; readonly privateKeyFile: string } | undefined
}

/** A registry that the benchmark can start, drive and stop. */
export interface SubjectKind {
  readonly name: string
  /** Starts it and waits until it answers. @throws with the end of its log when it does not within 30 s */
  start(options: StartOptions): Promise<Subject>
}

/** A running registry. */
export interface Subject {
  readonly name: string
  readonly endpoint: Endpoint
  readonly pid: number
  /** From the start of the process to its first answer. */
  readonly readyMs: number
  /**
   * The value of an Authorization header that allows `scopes` (as in the Docker token protocol),
   * or undefined when the registry asks for none.
   */
  authorization(scopes: readonly string[]): Promise<string | undefined>
  /** An Authorization header that allows everything, or undefined when none is asked for. */
  administratorAuthorization(): string | undefined
  /** Of a file server, which nothing can be pushed to: what it serves at a path. */
  putFile?(path: string, parts: readonly Uint8Array[]): Promise<void>
  /** SIGTERM, then SIGKILL after 10 s. */
  stop(): Promise<void>
}
