/** Of bytes in the database: a row has one, and a transaction writes some. */
const pieceBytes = 1024 * 1024
const piecesAtOnce = 8

/** Gives the bytes in pieces of one length, some at a time, with the place of the first. */
export async function writePieces(
  bytes: AsyncIterable<Uint8Array>,
  write: (pieces: readonly { readonly position: number; readonly bytes: Uint8Array }[]) => Promise<void>,
): Promise<void> {
  let position = 0
  let waiting: { readonly position: number; readonly bytes: Uint8Array }[] = []
  for await (const piece of piecesOf(bytes)) {
    waiting.push({ position, bytes: piece })
    position += 1
    if (waiting.length < piecesAtOnce) continue
    await write(waiting)
    waiting = []
  }
  if (waiting.length > 0) await write(waiting)
}

/** The bytes again, piece by piece until there is none. */
export async function* readPieces(
  read: (position: number) => Promise<{ readonly bytes: Uint8Array } | undefined>,
): AsyncGenerator<Uint8Array, void> {
  for (let position = 0; ; position += 1) {
    const row = await read(position)
    if (row === undefined) return
    yield row.bytes
  }
}

async function* piecesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let waiting: Uint8Array[] = []
  let length = 0
  for await (const chunk of bytes) {
    waiting.push(chunk)
    length += chunk.length
    while (length >= pieceBytes) {
      const whole = Buffer.concat(waiting)
      yield whole.subarray(0, pieceBytes)
      waiting = [whole.subarray(pieceBytes)]
      length -= pieceBytes
    }
  }
  if (length > 0) yield Buffer.concat(waiting)
}
