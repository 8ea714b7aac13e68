import { DomainError } from '../../errors.ts'

/** Who asks, as browsers see it: an authenticator answers for one host, and says for which page it was asked. */
export interface RelyingParty {
  /** `https://registry.example.com:8443` */
  readonly origin: string
}

/** What a browser passes on of an authenticator; the rest of it is nobody's business here. */
export interface RegistrationAnswer {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: { readonly clientDataJSON: string; readonly attestationObject: string }
}

export interface SignInAnswer {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: {
    readonly clientDataJSON: string
    readonly authenticatorData: string
    readonly signature: string
  }
}

export interface NewCredential {
  readonly id: string
  /** COSE key, base64url. */
  readonly publicKey: string
  readonly counter: number
}

export const rpIdOf = ({ origin }: RelyingParty): string => new URL(origin).hostname

/** Loaded when somebody uses it: few do, and it brings a good many ASN.1 schemas along. */
async function loadLibrary() {
  // Its dependencies need this before they are loaded.
  await import('reflect-metadata')
  const [server, helpers] = await Promise.all([
    import('@simplewebauthn/server'),
    import('@simplewebauthn/server/helpers'),
  ])
  return { ...server, ...helpers }
}

interface Person {
  readonly id: number
  readonly username: string
}

/** What the browser of a person asks their authenticator for: a key that can be found without a name, behind a finger or a PIN. */
export async function registrationOptions(
  party: RelyingParty,
  { id, username }: Person,
  { challenge, known }: { readonly challenge: string; readonly known: readonly string[] },
): Promise<object> {
  const { generateRegistrationOptions } = await loadLibrary()
  return await generateRegistrationOptions({
    rpName: new URL(party.origin).host,
    rpID: rpIdOf(party),
    userID: new Uint8Array(Buffer.from(`user:${id}`)),
    userName: username,
    challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
    attestationType: 'none',
    excludeCredentials: known.map((each) => ({ id: each })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
}

export async function signInOptions(party: RelyingParty, challenge: string): Promise<object> {
  const { generateAuthenticationOptions } = await loadLibrary()
  return await generateAuthenticationOptions({
    rpID: rpIdOf(party),
    challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
    userVerification: 'required',
  })
}

/**
 * The credential that an authenticator made for this challenge (Web Authentication §7.1).
 * @throws DomainError BAD_REQUEST
 */
export async function verifyRegistration(
  party: RelyingParty,
  challenge: string,
  answer: RegistrationAnswer,
): Promise<NewCredential> {
  const library = await loadLibrary()
  return await refusing(async () => {
    const { attestationObject } = answer.response
    const format = library
      .decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')))
      .get('fmt')
    // Browsers leave statements out that nobody asked for. Certificates in one would send the library to their lists of
    // revocation: an address that a stranger chooses.
    if (format !== 'none') throw new Error('a statement about the authenticator was not asked for')
    const { verified, registrationInfo } = await library.verifyRegistrationResponse({
      response: { ...answer, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: rpIdOf(party),
      requireUserVerification: true,
    })
    if (!verified) throw new Error('the answer does not fit the question')
    const { id, publicKey, counter } = registrationInfo.credential
    return { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter }
  })
}

/**
 * The authenticator's counter after it signed this challenge (Web Authentication §7.2).
 * @throws DomainError BAD_REQUEST
 */
export async function verifySignIn(
  party: RelyingParty,
  challenge: string,
  answer: SignInAnswer,
  known: NewCredential,
): Promise<number> {
  const { verifyAuthenticationResponse } = await loadLibrary()
  return await refusing(async () => {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...answer, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: rpIdOf(party),
      requireUserVerification: true,
      credential: {
        id: known.id,
        publicKey: new Uint8Array(Buffer.from(known.publicKey, 'base64url')),
        counter: known.counter,
      },
    })
    if (!verified) throw new Error('the signature is wrong')
    return authenticationInfo.newCounter
  })
}

/** The library says by an Error of no kind what is wrong with an answer. */
async function refusing<Result>(verify: () => Promise<Result>): Promise<Result> {
  try {
    return await verify()
  } catch (cause) {
    throw new DomainError('BAD_REQUEST', 'the passkey was not accepted: begin once more', {
      reason: 'PASSKEY_REFUSED',
      cause,
    })
  }
}
