/** Below this the collector copes, and a Buffer may be a piece of a pool that others use. */
const worthwhileBytes = 16 << 10

/**
 * Releases the memory of chunks that will not be read again. The garbage collector sees only the small objects that
 * hold them, and would come by after hundreds of megabytes (measured with Bun 1.4.5).
 */
export function releaseBytes(chunks: readonly Uint8Array[]): void {
  for (const { buffer, byteLength } of chunks) {
    // Only a chunk that is all of its memory: another view may be in use.
    if (byteLength < worthwhileBytes || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) continue
    if (!buffer.detached) buffer.transfer(0)
  }
}
