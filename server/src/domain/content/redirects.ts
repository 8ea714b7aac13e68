import { networksOf } from '../../runtime/networks.ts'

/** Whether a client is sent to the store for the bytes of a blob, or gets them from us. */
export type RedirectPolicy = (pull: {
  /** Bytes. */
  readonly size: number
  /** `on`, `off`, or bytes from which on: the project's metadata `pull_redirect`. */
  readonly ofProject: string | undefined
  /** Undefined where nobody asks from outside. */
  readonly clientAddress: string | undefined
}) => boolean

export interface RedirectOptions {
  /** For projects that say nothing. */
  readonly enabled: boolean
  /** Smaller blobs are never worth a second request, unless their project says so. */
  readonly fromBytes: number
  /** Ranges of clients that may be redirected; empty: all. */
  readonly networks: readonly string[]
  /** Ranges of clients that never are: the store is out of their reach, so no project can say otherwise. */
  readonly streamNetworks: readonly string[]
}

export function composeRedirectPolicy(options: RedirectOptions): RedirectPolicy {
  const { enabled, fromBytes } = options
  const mayBe = networksOf(options.networks)
  const never = networksOf(options.streamNetworks)
  const reaches = (address: string | undefined) => {
    if (address === undefined) return options.networks.length === 0 && options.streamNetworks.length === 0
    return !never(address) && (options.networks.length === 0 || mayBe(address))
  }
  return ({ size, ofProject, clientAddress }) => {
    const from = ofProject === undefined || ofProject === 'on' ? fromBytes : Number(ofProject)
    if (ofProject === undefined ? !enabled : ofProject === 'off') return false
    // Whatever else the column may hold, it is no number and redirects nothing.
    return size >= from && reaches(clientAddress)
  }
}
