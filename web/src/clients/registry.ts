/** Where the registry is, and what clients must be told of it. */
export interface Registry {
  /** As it stands in the name of an image: `registry.example.com:8443`. */
  readonly host: string
  readonly secure: boolean
  /** No system trusts its certificate by itself. */
  readonly privateCertificate: boolean
  /** The authority's certificate can be fetched from it. */
  readonly offersAuthority: boolean
  readonly username: string
}

/** How a client reaches the registry: it decides the flags of every command. */
export type Reach = 'plainHttp' | 'privateAuthority' | 'trusted'

export function reachOf({ secure, privateCertificate }: Registry): Reach {
  if (!secure) return 'plainHttp'
  return privateCertificate ? 'privateAuthority' : 'trusted'
}

/** Loopback: Docker speaks plain HTTP to it without being told, and no other machine can reach it. */
export const isLoopback = (host: string): boolean => /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/.test(host)

/** The certificate of the authority, in the folder where the commands run. No common name: nothing of the reader is replaced. */
export const authorityFile = 'berth-ca.crt'

/** A word for a shell: robots are called robot$ci. */
export const quoted = (text: string): string => (/^[\w@.+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
