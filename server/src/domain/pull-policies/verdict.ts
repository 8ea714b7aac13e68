/** Why a manifest is not given out. */
export interface Refusal {
  /** Harbor's key. */
  readonly rule: string
  /** A word of a closed list: for metrics, and for sentences in other languages. */
  readonly cause: 'unscanned' | 'vulnerable'
  /** For a person, whose client prints it. */
  readonly message: string
  /** Facts beside the message. */
  readonly detail: Readonly<Record<string, unknown>>
}

/** What the policies of a project say of a manifest. */
export interface Verdict {
  /** Undefined: it may leave. */
  readonly refusal: Refusal | undefined
  /** From when on it has to be asked for again, though nothing was written (ms); undefined: never. */
  readonly until: number | undefined
}

export const allowed: Verdict = { refusal: undefined, until: undefined }
