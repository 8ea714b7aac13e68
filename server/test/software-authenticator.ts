import { encode } from 'cborg'
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest()
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

interface Answering {
  readonly origin: string
  readonly challenge: string
  /** What the page of somebody else would make of it. */
  readonly rpId?: string
  /** Without a finger or a PIN. */
  readonly unverified?: boolean
}

/** An authenticator in software, for one credential (Web Authentication §6, ES256). */
export class SoftwareAuthenticator {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly #id = randomBytes(32)
  #counter = 0

  register(given: Answering, { format = 'none', statement = {} }: { format?: string; statement?: object } = {}) {
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' })
    const [bytesX, bytesY] = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]
    const cose = encode(
      new Map<number, number | Uint8Array>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, new Uint8Array(bytesX)],
        [-3, new Uint8Array(bytesY)],
      ]),
    )
    const length = Buffer.alloc(2)
    length.writeUInt16BE(this.#id.length)
    const attested = Buffer.concat([Buffer.alloc(16), length, this.#id, cose])
    const authData = new Uint8Array(Buffer.concat([this.#authenticatorData(given, 0x40), attested]))
    return {
      ...this.#credential(),
      response: {
        clientDataJSON: text(this.#clientData('webauthn.create', given)),
        attestationObject: text(encode({ fmt: format, attStmt: statement, authData })),
      },
    }
  }

  signIn(given: Answering) {
    const clientData = this.#clientData('webauthn.get', given)
    this.#counter += 1
    const authenticatorData = this.#authenticatorData(given, 0)
    const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientData)]), this.#keys.privateKey)
    return {
      ...this.#credential(),
      response: {
        clientDataJSON: text(clientData),
        authenticatorData: text(authenticatorData),
        signature: text(signature),
      },
    }
  }

  #credential() {
    return { id: text(this.#id), rawId: text(this.#id), type: 'public-key' } as const
  }

  #clientData(type: string, { origin, challenge }: Answering): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
  }

  #authenticatorData(
    { origin, rpId = new URL(origin).hostname, unverified = false }: Answering,
    flags: number,
  ): Buffer {
    const rest = Buffer.alloc(5)
    rest.writeUInt8(flags | 0x01 | (unverified ? 0 : 0x04), 0)
    rest.writeUInt32BE(this.#counter, 1)
    return Buffer.concat([sha256(rpId), rest])
  }
}
