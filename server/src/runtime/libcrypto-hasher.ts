import { dlopen } from 'bun:ffi'
import { endianness } from 'node:os'
import type { DigestAlgorithm } from '#contract/digest.ts'
import { blockBytes, formatHashState, parseHashState, type HashState, type SavableHasher } from './savable-hasher.ts'

/** The functions of OpenSSL that work on a context whose layout its headers publish (openssl/sha.h). */
interface Functions {
  init(context: Uint8Array): void
  update(context: Uint8Array, bytes: Uint8Array): void
  final(digest: Uint8Array, context: Uint8Array): void
}

/**
 * `SHA256_CTX`: 8 words, two words of the length in bits, a block, how much of it is filled, the size of the digest.
 * `SHA512_CTX` is the same with words of 8 bytes.
 */
const contexts = {
  sha256: { wordBytes: 4, contextBytes: 112 },
  sha512: { wordBytes: 8, contextBytes: 216 },
} as const
const words = 8

/** Debian 12 and later, RHEL 9, Alpine; Debian 11, RHEL 8. */
const libraries = ['libcrypto.so.3', 'libcrypto.so.1.1']

let loaded: Partial<Record<DigestAlgorithm, Functions>> | undefined

/** Undefined on a machine without OpenSSL, or with one that computes something else than expected. */
export function libcryptoHasher(algorithm: DigestAlgorithm): SavableHasher | undefined {
  loaded ??= load()
  const functions = loaded[algorithm]
  return functions === undefined ? undefined : new LibcryptoHasher(algorithm, functions)
}

class LibcryptoHasher implements SavableHasher {
  readonly #algorithm: DigestAlgorithm
  readonly #functions: Functions
  readonly #context: Uint8Array
  #length = 0

  constructor(algorithm: DigestAlgorithm, functions: Functions) {
    this.#algorithm = algorithm
    this.#functions = functions
    this.#context = new Uint8Array(contexts[algorithm].contextBytes)
    functions.init(this.#context)
  }

  update(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return // an empty array has no address
    this.#functions.update(this.#context, chunk)
    this.#length += chunk.byteLength
  }

  digestHex(): string {
    const digest = new Uint8Array(words * this.#wordBytes)
    this.#functions.final(digest, this.#context.slice())
    return Buffer.from(digest).toString('hex')
  }

  save(): string {
    const blockAt = (words + 2) * this.#wordBytes
    return formatHashState({
      algorithm: this.#algorithm,
      chain: swapped(this.#context.subarray(0, words * this.#wordBytes), this.#wordBytes),
      length: this.#length,
      tail: this.#context.slice(blockAt, blockAt + (this.#length % blockBytes[this.#algorithm])),
    })
  }

  load({ chain, length, tail }: HashState): void {
    const wordBytes = this.#wordBytes
    this.#context.set(swapped(chain, wordBytes))
    const view = new DataView(this.#context.buffer)
    const bits = BigInt(length) * 8n
    // Nl, Nh. A length in bits above 2^64 is out of reach, so the upper word of SHA-512 stays 0.
    if (wordBytes === 8) view.setBigUint64(words * wordBytes, bits, true)
    else {
      view.setUint32(words * wordBytes, Number(bits & 0xffffffffn), true)
      view.setUint32((words + 1) * wordBytes, Number(bits >> 32n), true)
    }
    const block = blockBytes[this.#algorithm]
    this.#context.set(tail, (words + 2) * wordBytes)
    view.setUint32((words + 2) * wordBytes + block, tail.byteLength, true)
    this.#length = length
  }

  get #wordBytes(): 4 | 8 {
    return contexts[this.#algorithm].wordBytes
  }
}

/** The bytes of each word in the opposite order. */
function swapped(bytes: Uint8Array, wordBytes: number): Uint8Array {
  const turned = Buffer.from(bytes)
  return wordBytes === 4 ? turned.swap32() : turned.swap64()
}

function load(): Partial<Record<DigestAlgorithm, Functions>> {
  if (endianness() !== 'LE') return {}
  for (const library of libraries) {
    const functions = open(library)
    if (functions !== undefined && isTrustworthy(functions)) return functions
  }
  return {}
}

function open(library: string): Record<DigestAlgorithm, Functions> | undefined {
  const init = { args: ['ptr'], returns: 'int' } as const
  const update = { args: ['ptr', 'ptr', 'usize'], returns: 'int' } as const
  const final = { args: ['ptr', 'ptr'], returns: 'int' } as const
  try {
    const { symbols } = dlopen(library, {
      SHA256_Init: init,
      SHA256_Update: update,
      SHA256_Final: final,
      SHA512_Init: init,
      SHA512_Update: update,
      SHA512_Final: final,
    })
    return {
      sha256: {
        init: (context) => void symbols.SHA256_Init(context),
        update: (context, bytes) => void symbols.SHA256_Update(context, bytes, bytes.byteLength),
        final: (digest, context) => void symbols.SHA256_Final(digest, context),
      },
      sha512: {
        init: (context) => void symbols.SHA512_Init(context),
        update: (context, bytes) => void symbols.SHA512_Update(context, bytes, bytes.byteLength),
        final: (digest, context) => void symbols.SHA512_Final(digest, context),
      },
    }
  } catch {
    return undefined // the machine has no such library, or one without these functions
  }
}

/** A library with another layout of its context must not be used: saved and loaded halves give the digest of the whole. */
function isTrustworthy(functions: Record<DigestAlgorithm, Functions>): boolean {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index)
  return (['sha256', 'sha512'] as const).every((algorithm) => {
    const first = new LibcryptoHasher(algorithm, functions[algorithm])
    first.update(bytes.subarray(0, 333))
    const state = parseHashState(first.save())
    if (state === undefined) return false
    const second = new LibcryptoHasher(algorithm, functions[algorithm])
    second.load(state)
    second.update(bytes.subarray(333))
    return second.digestHex() === new Bun.CryptoHasher(algorithm).update(bytes).digest('hex')
  })
}
