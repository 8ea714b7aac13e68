import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The file with the bytes of a digest, whatever its name: object storage names them after uploads. */
export async function findStoredBytes(folder: string, digest: string): Promise<{ path: string; bytes: Buffer }> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path)
    if (`sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}` === digest) return { path, bytes }
  }
  throw new Error(`no file under ${folder} has the bytes of ${digest}`)
}

/** Changes one bit of the stored bytes of a digest. */
export async function flipStoredBit(folder: string, digest: string): Promise<void> {
  const { path, bytes } = await findStoredBytes(folder, digest)
  bytes[bytes.byteLength >> 1]! ^= 0x10
  await chmod(path, 0o640)
  await writeFile(path, bytes)
}
