import { blockBytes, formatHashState, type HashState, type SavableHasher } from './savable-hasher.ts'

const block = blockBytes.sha256

/** FIPS 180-4 §4.2.2 and §5.3.3: the fractional parts of the cube roots and square roots of the first primes. */
const primes = firstPrimes(64)
const roundConstants = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)))
const initialChain = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)))

function firstPrimes(count: number): number[] {
  const found: number[] = []
  for (let candidate = 2; found.length < count; candidate += 1) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate)
  }
  return found
}

function fraction(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0
}

/** SHA-256 in plain arithmetic: slow, but its state can be saved on any machine. */
export class PortableSha256 implements SavableHasher {
  readonly #chain = initialChain.slice()
  readonly #tail = new Uint8Array(block)
  #length = 0

  update(chunk: Uint8Array): void {
    let from = 0
    const filled = this.#length % block
    this.#length += chunk.byteLength
    if (filled > 0) {
      from = Math.min(block - filled, chunk.byteLength)
      this.#tail.set(chunk.subarray(0, from), filled)
      if (filled + from < block) return
      compress(this.#chain, this.#tail, 0, 1)
    }
    const blocks = Math.floor((chunk.byteLength - from) / block)
    compress(this.#chain, chunk, from, blocks)
    this.#tail.set(chunk.subarray(from + blocks * block))
  }

  digestHex(): string {
    const chain = this.#chain.slice()
    const filled = this.#length % block
    const padding = new Uint8Array(filled + 9 > block ? 2 * block : block)
    padding.set(this.#tail.subarray(0, filled))
    padding[filled] = 0x80
    new DataView(padding.buffer).setBigUint64(padding.byteLength - 8, BigInt(this.#length) * 8n)
    compress(chain, padding, 0, padding.byteLength / block)
    return Buffer.from(bigEndian(chain)).toString('hex')
  }

  save(): string {
    const tail = this.#tail.slice(0, this.#length % block)
    return formatHashState({ algorithm: 'sha256', chain: bigEndian(this.#chain), length: this.#length, tail })
  }

  load({ chain, length, tail }: HashState): void {
    const view = new DataView(chain.buffer, chain.byteOffset)
    for (let index = 0; index < 8; index += 1) this.#chain[index] = view.getInt32(4 * index)
    this.#tail.set(tail)
    this.#length = length
  }
}

function bigEndian(words: Int32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length))
  for (const [index, word] of words.entries()) view.setInt32(4 * index, word)
  return new Uint8Array(view.buffer)
}

const schedule = new Int32Array(64)

/** FIPS 180-4 §6.2.2 over `count` blocks of `bytes`, beginning at `from`. */
function compress(chain: Int32Array, bytes: Uint8Array, from: number, count: number): void {
  const w = schedule
  const k = roundConstants
  const end = from + count * block
  for (let at = from; at < end; at += block) {
    expand(bytes, at)
    let a = chain[0]!
    let b = chain[1]!
    let c = chain[2]!
    let d = chain[3]!
    let e = chain[4]!
    let f = chain[5]!
    let g = chain[6]!
    let h = chain[7]!
    for (let i = 0; i < 64; i += 1) {
      const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
      const t1 = (h + sum1 + ((e & f) ^ (~e & g)) + k[i]! + w[i]!) | 0
      const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
      const t2 = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b
      b = a
      a = (t1 + t2) | 0
    }
    chain[0] = chain[0]! + a
    chain[1] = chain[1]! + b
    chain[2] = chain[2]! + c
    chain[3] = chain[3]! + d
    chain[4] = chain[4]! + e
    chain[5] = chain[5]! + f
    chain[6] = chain[6]! + g
    chain[7] = chain[7]! + h
  }
}

function expand(bytes: Uint8Array, from: number): void {
  const w = schedule
  for (let i = 0, at = from; i < 16; i += 1, at += 4) {
    w[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  }
  for (let i = 16; i < 64; i += 1) {
    const x = w[i - 15]!
    const y = w[i - 2]!
    const sigma0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const sigma1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[i] = w[i - 16]! + sigma0 + w[i - 7]! + sigma1
  }
}
