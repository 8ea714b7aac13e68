/** One entry of a tar archive. */
export interface TarFile {
  readonly path: string
  readonly content: string | Uint8Array
  /** 0o644 when not given. */
  readonly mode?: number
}

const blockBytes = 512

/** A POSIX (ustar) archive of small files, the same bytes for the same files. */
export function tar(files: readonly TarFile[]): Uint8Array {
  const blocks: Uint8Array[] = []
  for (const { path, content, mode = 0o644 } of files) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    blocks.push(
      header(path, bytes.length, mode),
      bytes,
      new Uint8Array((blockBytes - (bytes.length % blockBytes)) % blockBytes),
    )
  }
  blocks.push(new Uint8Array(2 * blockBytes))
  return Buffer.concat(blocks)
}

function header(path: string, size: number, mode: number): Uint8Array {
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`
  block.write(path, 0, 100)
  block.write(octal(mode, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  block.write(octal(size, 12), 124)
  block.write(octal(0, 12), 136)
  block.write(' '.repeat(8), 148)
  block.write('0', 156)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
