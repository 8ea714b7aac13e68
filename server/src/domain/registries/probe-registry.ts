/** Everything that a probe needs of a remote registry. */
export interface RegistryAddress {
  /** Of its registry API, without a slash at its end: `https://registry.example.org`. */
  readonly url: string
  readonly credential: { readonly accessKey: string; readonly accessSecret: string } | undefined
  readonly insecure: boolean
  /** PEM; instead of the authorities of the system. */
  readonly authority: string | undefined
  /** Hosts of its token service besides its own. */
  readonly tokenHosts: readonly string[]
}

/** Why a remote registry cannot be used, in a sentence; undefined when it can. */
export type ProbeRegistry = (address: RegistryAddress) => Promise<string | undefined>
