import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { DomainError } from '../../errors.ts'
import { isHarborHash, verifyHarborHash } from './harbor-hash.ts'

export interface Argon2Cost {
  readonly memoryKiB: number
  readonly passes: number
  readonly parallelism: number
}

/** OWASP's minimum for argon2id: 19 MiB, two passes. */
const currentCost: Argon2Cost = { memoryKiB: 19_456, passes: 2, parallelism: 1 }
const saltBytes = 16
const tagBytes = 32

/** What a stored hash may ask of us, so that a damaged row cannot take the memory of the machine. */
const maxCost: Argon2Cost = { memoryKiB: 1_048_576, passes: 16, parallelism: 16 }

/** Harbor's rule, with its sentence (new passwords only; what an old one was is not judged). */
export function assertPasswordStrong(password: string): void {
  const length = [...password].length
  const strong =
    length >= 8 && length <= 128 && /[A-Z]/.test(password) && /[a-z]/.test(password) && /[0-9]/.test(password)
  if (strong) return
  throw new DomainError(
    'BAD_REQUEST',
    'the password or secret must be 8-128, inclusively, characters long with at least 1 uppercase letter, 1 lowercase letter and 1 number',
  )
}

export interface PasswordsOptions {
  /** Hashes computed at once; each takes 19 MiB and one thread of the pool for about 50 ms. */
  readonly concurrency?: number
  /** Hashes that may wait for their turn; one more is refused. */
  readonly maxWaiting?: number
  /** Computes a tag on the thread pool; a test counts what is asked of it. */
  readonly derive?: Derive
}

export type Derive = (password: string, salt: Uint8Array, tagLength: number, cost: Argon2Cost) => Promise<Uint8Array>

/** Hashes and verifies passwords on the thread pool, never on the event loop (invariant 11). */
export class Passwords {
  readonly #concurrency: number
  readonly #maxWaiting: number
  readonly #deriveTag: Derive
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor({
    concurrency = Math.min(4, availableParallelism()),
    maxWaiting = 64,
    derive = deriveByArgon2,
  }: PasswordsOptions = {}) {
    this.#concurrency = concurrency
    this.#maxWaiting = maxWaiting
    this.#deriveTag = derive
  }

  /**
   * A PHC string for the database.
   * @throws DomainError TOO_MANY_REQUESTS when too many hashes wait already
   */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltBytes)
    const tag = await this.#derive(password, salt, tagBytes, currentCost)
    return formatPhc({ cost: currentCost, salt, tag })
  }

  /**
   * Whether the password belongs to the hash. Without a hash (unknown user, account without password) it takes
   * as long and is false, so that the time of an answer tells nobody which usernames exist.
   * @throws DomainError TOO_MANY_REQUESTS when too many hashes wait already
   */
  async verify(password: string, phc: string | null): Promise<boolean> {
    if (phc === null) {
      await this.#derive(password, randomBytes(saltBytes), tagBytes, currentCost)
      return false
    }
    if (isHarborHash(phc)) {
      // As long as any other, whatever Harbor's takes beside it.
      const [right] = await Promise.all([
        this.#inTurn(() => verifyHarborHash(password, phc)),
        this.#derive(password, randomBytes(saltBytes), tagBytes, currentCost),
      ])
      return right
    }
    const { cost, salt, tag } = parsePhc(phc)
    return timingSafeEqual(await this.#derive(password, salt, tag.byteLength, cost), tag)
  }

  async #derive(password: string, salt: Uint8Array, tagLength: number, cost: Argon2Cost): Promise<Uint8Array> {
    return await this.#inTurn(() => this.#deriveTag(password, salt, tagLength, cost))
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter()
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#concurrency) {
      this.#running += 1
      return
    }
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new DomainError('TOO_MANY_REQUESTS', 'too many logins at once; try again in a moment', {
        retryAfterSeconds: 2,
      })
    }
    // Whoever leaves hands its place over, so `#running` stays as it is.
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }
}

export function deriveByArgon2(
  password: string,
  salt: Uint8Array,
  tagLength: number,
  cost: Argon2Cost,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const parameters = {
    message: Buffer.from(password, 'utf8'),
    nonce: salt,
    parallelism: cost.parallelism,
    tagLength,
    memory: cost.memoryKiB,
    passes: cost.passes,
  }
  argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)))
  return promise
}

interface ArgonHash {
  readonly cost: Argon2Cost
  readonly salt: Uint8Array
  readonly tag: Uint8Array
}

// https://github.com/P-H-C/phc-string-format: base64 without padding
function formatPhc({ cost, salt, tag }: ArgonHash): string {
  const parameters = `m=${cost.memoryKiB},t=${cost.passes},p=${cost.parallelism}`
  return `$argon2id$v=19$${parameters}$${unpadded(salt)}$${unpadded(tag)}`
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}

const phcPattern =
  /^\$argon2id\$v=19\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,10})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

function parsePhc(phc: string): ArgonHash {
  const [, memory, passes, parallelism, salt, tag] = phcPattern.exec(phc) ?? []
  const cost = { memoryKiB: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  const affordable =
    cost.memoryKiB <= maxCost.memoryKiB && cost.passes <= maxCost.passes && cost.parallelism <= maxCost.parallelism
  if (salt === undefined || tag === undefined || !affordable) {
    throw new Error('a stored password hash is none that this version can verify; set a new password for the account')
  }
  return { cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}
