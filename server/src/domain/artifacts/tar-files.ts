const blockBytes = 512
/** Of a name that is too long for a header and comes in an entry of its own. */
const longestNameEntry = 4_096

/** What an archive says of one of its files. */
export interface TarFile {
  readonly name: string
  readonly size: number
}

/** What was given is no tar archive, or one that no program of good will writes. */
export class TarInvalid extends Error {
  override readonly name = 'TarInvalid'
}

/**
 * The files of a tar archive (POSIX pax, ustar, GNU) that are wanted, by their names; of two alike the last. The archive may
 * be anybody's: of each entry only name and size are read, in time linear in their bytes, and the rest is passed over.
 * @throws TarInvalid, and what `isWanted` and `chunks` throw
 */
export async function readTarFiles(
  chunks: AsyncIterable<Uint8Array>,
  isWanted: (file: TarFile) => boolean,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const bytes = new ByteReader(chunks)
  const files = new Map<string, Uint8Array>()
  let longName: string | undefined
  try {
    for (;;) {
      const block = await bytes.take(blockBytes)
      if (block === undefined || isEmpty(block)) return files
      assertChecksum(block)
      const size = octalAt(block, 124, 12)
      const padding = -size & (blockBytes - 1)
      const type = String.fromCharCode(block[156]!)
      if (type === 'x' || type === 'L') {
        if (size > longestNameEntry) throw new TarInvalid(`the name of a file has more than ${longestNameEntry} bytes`)
        const body = await bytes.mustTake(size)
        longName = type === 'x' ? (pathIn(body) ?? longName) : textOf(body)
        await bytes.skip(padding)
        continue
      }
      const file = { name: longName ?? nameIn(block), size }
      // `g` and `K` go before an entry as well, and say nothing of its name.
      if (type !== 'g' && type !== 'K') longName = undefined
      const isFile = type === '0' || type === '\0' || type === '7'
      if (isFile && isWanted(file)) files.set(file.name, await bytes.mustTake(size))
      else await bytes.skip(size)
      if (padding > 0) await bytes.skip(padding)
    }
  } finally {
    await bytes.close()
  }
}

/** Bytes of a stream, as many at a time as are asked for. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** Undefined at the end of the stream. @throws TarInvalid when it ends before all of them have come */
  async take(count: number): Promise<Uint8Array | undefined> {
    if (count <= this.#rest.length) {
      const taken = this.#rest.subarray(0, count)
      this.#rest = this.#rest.subarray(count)
      return taken
    }
    const taken = new Uint8Array(count)
    for (let length = 0; length < count;) {
      if (this.#rest.length === 0 && !(await this.#fill())) {
        if (length === 0) return undefined
        throw new TarInvalid('it ends in the middle of a file')
      }
      const piece = this.#rest.subarray(0, count - length)
      taken.set(piece, length)
      length += piece.length
      this.#rest = this.#rest.subarray(piece.length)
    }
    return taken
  }

  async mustTake(count: number): Promise<Uint8Array> {
    const taken = await this.take(count)
    if (taken === undefined) throw new TarInvalid('it ends in the middle of a file')
    return taken
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#fill())) throw new TarInvalid('it ends in the middle of a file')
      const passed = Math.min(left, this.#rest.length)
      this.#rest = this.#rest.subarray(passed)
      left -= passed
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #fill(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (done === true) return false
    this.#rest = value
    return true
  }
}

const isEmpty = (block: Uint8Array): boolean => block[0] === 0 && block.every((byte) => byte === 0)

/** The sum of a header's bytes, its own field counted as spaces. */
function assertChecksum(block: Uint8Array): void {
  let sum = 8 * 32
  for (let at = 0; at < blockBytes; at++) if (at < 148 || at >= 156) sum += block[at]!
  if (octalAt(block, 148, 8) !== sum) throw new TarInvalid('a header of it is none')
}

function octalAt(block: Uint8Array, start: number, length: number): number {
  const digits = /^ *([0-7]+)[ \0]/.exec(`${latin1(block.subarray(start, start + length))}\0`)?.[1]
  if (digits === undefined) throw new TarInvalid('a header of it is none')
  return Number.parseInt(digits, 8)
}

/** ustar has a second place for the folders before a name. */
function nameIn(block: Uint8Array): string {
  const name = textOf(block.subarray(0, 100))
  const prefix = latin1(block.subarray(257, 263)) === 'ustar\0' ? textOf(block.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Of the records `<length> <key>=<value>\n` of a pax header. Each says where the next one begins, behind itself. */
function pathIn(body: Uint8Array): string | undefined {
  let path: string | undefined
  for (let start = 0; start < body.length;) {
    const digits = /^([1-9]\d{0,3}) /.exec(latin1(body.subarray(start, start + 5)))?.[1]
    const end = start + Number(digits)
    const begin = start + (digits?.length ?? 0) + 1
    if (digits === undefined || end <= begin || end > body.length) throw new TarInvalid('a header of it is none')
    const record = utf8.decode(body.subarray(begin, end - 1))
    if (record.startsWith('path=')) path = record.slice('path='.length)
    if (record.startsWith('size=')) throw new TarInvalid('a file of it has gigabytes')
    start = end
  }
  return path
}

const utf8 = new TextDecoder()
const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** Up to the first NUL. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return utf8.decode(end === -1 ? bytes : bytes.subarray(0, end))
}
