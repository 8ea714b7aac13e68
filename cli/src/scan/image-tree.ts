import { parseDigest } from '#contract/digest.ts'
import { damaged, tooLarge } from '#server/domain/scanning/detection/verdict.ts'
import type { FileTree } from '#server/domain/scanning/detection/inputs/file-tree.ts'
import type { RegistryClient } from '#server/clients/registry/registry-client.ts'

export interface ImageTree {
  readonly digest: string
  /** The image in the form of an OCI layout, whose files are asked for one by one. */
  readonly tree: FileTree
}

/** An image of another registry; undefined when it is not there. @throws RegistryFailure */
export async function imageTree(
  client: RegistryClient,
  repository: string,
  reference: string,
): Promise<ImageTree | undefined> {
  const top = await client.manifests.find(repository, reference)
  if (top === undefined) return undefined
  const manifests = new Map<string, Uint8Array>([[top.digest, top.bytes]])
  const index = { manifests: [{ mediaType: top.mediaType ?? '', digest: top.digest, size: top.bytes.length }] }
  const tree: FileTree = {
    has: async (path) => path === 'index.json' || path === 'oci-layout',
    async read(path, maxBytes) {
      if (path === 'index.json') return new TextEncoder().encode(JSON.stringify(index))
      const digest = digestIn(path)
      if (digest === undefined) return undefined
      const known = manifests.get(digest) ?? (await client.manifests.find(repository, digest))?.bytes
      return known ?? (await readSmallBlob(client, repository, digest, maxBytes))
    },
    async *open(path) {
      const digest = digestIn(path)
      const blob = digest === undefined ? undefined : await client.blobs.open(repository, parseDigest(digest))
      if (blob === undefined) throw damaged(`${path} is not in the registry`)
      yield* blob.bytes
    },
    async [Symbol.asyncDispose]() {},
  }
  return { digest: top.digest, tree }
}

const digestIn = (path: string): string | undefined => {
  const [, algorithm, encoded] = /^blobs\/([^/]+)\/([^/]+)$/.exec(path) ?? []
  return algorithm === undefined ? undefined : `${algorithm}:${encoded}`
}

async function readSmallBlob(
  client: RegistryClient,
  repository: string,
  digest: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const blob = await client.blobs.open(repository, parseDigest(digest))
  if (blob === undefined) return undefined
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of blob.bytes) {
    size += piece.length
    if (size > maxBytes) throw tooLarge(`${digest} has more than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
