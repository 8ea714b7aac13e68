import { serveStreams } from '../../../runtime/stream-worker.ts'
import { maxBomBytes, readBom } from '../detection/sbom/bill-of-materials.ts'

/** The thread of bom-threads.ts: reads one bill of materials after another. */
serveStreams(async (_request, open) => {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of open()) {
    length += chunk.byteLength
    if (length > maxBomBytes) throw new Error(`it has more than ${maxBomBytes} bytes`)
    chunks.push(chunk)
  }
  return readBom(Buffer.concat(chunks)).inventory
})
