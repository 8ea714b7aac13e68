/** What the service asks to see before it believes that a name is ours. */
export interface AcmeChallenge {
  readonly type: ChallengeType
  /** A DNS name without `*.`, or an address. */
  readonly name: string
  readonly token: string
  /** `token.thumbprint`: the answer for HTTP-01; its SHA-256 in base64url is the one for DNS-01. */
  readonly keyAuthorization: string
}

export type ChallengeType = 'http-01' | 'dns-01'

export interface AcmeWish {
  readonly names: readonly string[]
  /** PKCS #10, DER. */
  readonly request: Uint8Array
  /** The certificate that this one takes the place of, by its name in RFC 9773. */
  readonly replaces?: string | undefined
  readonly challenge: ChallengeType
  /** Puts the answer up, and returns what takes it down. */
  readonly prove: (challenge: AcmeChallenge) => Promise<() => Promise<void>>
}

/** From when to when the service wants a certificate renewed, and when to ask again. */
export interface RenewalWindow {
  readonly start: number
  readonly end: number
}

/** A certificate service that speaks RFC 8555, for one account. */
export interface AcmeService {
  /** @returns PEM, leaf first. @throws AcmeFailure */
  issue(wish: AcmeWish): Promise<string>
  /** RFC 9773; undefined where the service has no opinion. @throws AcmeFailure */
  renewalWindow(renewalName: string): Promise<RenewalWindow | undefined>
}

/** A record in DNS that a command of the operator sets and takes away. */
export interface DnsRecord {
  /** `_acme-challenge.registry.example.com.` */
  readonly name: string
  readonly value: string
}

export interface DnsRecords {
  /** Returns when the world sees it. */
  present(record: DnsRecord): Promise<void>
  cleanUp(record: DnsRecord): Promise<void>
}

/** Keeps where the account is, between orders and for all processes. */
export interface AcmeAccount {
  /** PKCS #8, PEM: ECDSA on P-256. */
  readonly privateKey: string
  readonly url: string | undefined
  /** Undefined: the service does not know it any more. */
  keepUrl(url: string | undefined): Promise<void>
}

/** The service refused, or did not come to an answer. Its message goes to the operator. */
export class AcmeFailure extends Error {
  override readonly name = 'AcmeFailure'
  /** Of the problem document, without `urn:ietf:params:acme:error:`. */
  readonly type: string | undefined
  /** The service wants no further attempt before. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    message: string,
    { type, retryAfterSeconds, cause }: { type?: string; retryAfterSeconds?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.type = type
    this.retryAfterSeconds = retryAfterSeconds
  }
}
