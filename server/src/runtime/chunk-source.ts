/** Opens the bytes of a blob from a position on. */
export type OpenBytes = (start: number) => Promise<AsyncIterable<Uint8Array>>

/** The bytes of a blob in chunks, from one stream as long as nobody goes back. */
export class ChunkSource {
  readonly #open: OpenBytes
  #pieces: AsyncIterator<Uint8Array> | undefined
  #left: Uint8Array | undefined
  #position = 0

  constructor(open: OpenBytes) {
    this.#open = open
  }

  /** Position of the next byte. */
  get position(): number {
    return this.#position
  }

  /** Goes to another position; where it stands already, nothing is opened again. */
  async seek(position: number): Promise<void> {
    if (this.#pieces !== undefined && position === this.#position) return
    await this.close()
    this.#position = position
    this.#pieces = (await this.#open(position))[Symbol.asyncIterator]()
  }

  /** At most so many bytes; fewer when there are no more. */
  async *take(maxBytes: number): AsyncGenerator<Uint8Array> {
    for (let left = maxBytes; left > 0;) {
      const piece = this.#left ?? (await this.#nextPiece())
      if (piece === undefined) return
      const given = piece.subarray(0, left)
      this.#left = given.byteLength < piece.byteLength ? piece.subarray(given.byteLength) : undefined
      left -= given.byteLength
      this.#position += given.byteLength
      yield given
    }
  }

  async close(): Promise<void> {
    const pieces = this.#pieces
    this.#pieces = undefined
    this.#left = undefined
    await pieces?.return?.()
  }

  async #nextPiece(): Promise<Uint8Array | undefined> {
    const next = await this.#pieces?.next()
    return next === undefined || next.done === true ? undefined : next.value
  }
}
