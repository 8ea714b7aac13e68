export interface TestEntry {
  readonly path: string
  readonly content?: string | Uint8Array
  /** `0` file, `1` hard link, `2` symbolic link, `5` folder, `L` and `x` names. */
  readonly type?: string
  readonly target?: string
  readonly mode?: number
  /** What the header says, where it is not the truth. */
  readonly size?: number
}

/** A ustar archive, written without asking whether a good program would: with links out of it, and sizes that lie. */
export function tarForTest(entries: readonly TestEntry[], options: { end?: boolean } = {}): Uint8Array {
  const blocks = entries.flatMap((entry) => {
    const body = Buffer.from(entry.content ?? '')
    return [headerOf(entry, entry.size ?? body.length), body, Buffer.alloc(-body.length & 511)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(options.end === false ? 0 : 1024)])
}

function headerOf({ path, type = '0', target = '', mode = 0o644 }: TestEntry, size: number): Buffer {
  const block = Buffer.alloc(512)
  block.write(path, 0, 100)
  block.write(octal(mode, 7), 100)
  if (size < 8 ** 11) block.write(octal(size, 11), 124)
  else {
    block[124] = 0x80
    block.writeBigUInt64BE(BigInt(size), 128)
  }
  block.write(type, 156)
  block.write(target, 157, 100)
  block.write('ustar\0', 257, 'latin1')
  block.write('00', 263)
  block.write(' '.repeat(8), 148)
  block.write(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
    'latin1',
  )
  return block
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')

/** Bytes in pieces, as a disk or a network gives them. */
export async function* inChunks(bytes: Uint8Array, chunkBytes = 64 * 1024): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}
