import { budgets, parseForeignJson } from '#contract/budget.ts'
import { mkdir, open, readFile, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { algorithmOf, encodedOf, type Digest } from '#contract/digest.ts'
import { errorCodeOf, isMissing } from '../storage-errors.ts'
import type { ForeignBlob, ForeignManifest, ForeignTag, UnusableManifest } from './foreign-content.ts'
import { FolderTree } from './folder-tree.ts'

/**
 * image-spec v1.1 image-layout.md, as skopeo, oras, crane and podman read and write it:
 *
 *   oci-layout                     {"imageLayoutVersion":"1.0.0"}
 *   index.json                     an image index; the tag of an entry is its annotation org.opencontainers.image.ref.name
 *   blobs/sha256/6c3c624b…2aa1     manifests too
 */
const marker = 'oci-layout'
const indexFile = 'index.json'
const refName = 'org.opencontainers.image.ref.name'

/** Names of a layout's own files: a repository `app/blobs` would lie among the blobs of `app`. */
const ownNames = new Set(['blobs', marker, indexFile, `${indexFile}.part`])

/** The folder of a repository among layouts of others; names that are a layout's own stand behind `_`, as no name does. */
export const layoutFolderOf = (repository: string): string =>
  repository
    .split('/')
    .map((part) => (ownNames.has(part) ? `_${part}` : part))
    .join('/')

const repositoryIn = (folder: string): string =>
  folder
    .split('/')
    .map((part) => (part.startsWith('_') && ownNames.has(part.slice(1)) ? part.slice(1) : part))
    .join('/')

export interface LayoutEntry {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** An entry as an export hands it over; `tag.image` is what containerd calls it: `library/nginx:v1`. */
interface ExportedEntry {
  readonly mediaType: string
  readonly digest: string
  readonly sizeBytes: number
  readonly artifactType: string | undefined
  readonly tag: { readonly name: string; readonly image: string } | undefined
}

const layoutEntryOf = ({ mediaType, digest, sizeBytes: size, artifactType, tag }: ExportedEntry): LayoutEntry => ({
  mediaType,
  digest,
  size,
  ...(artifactType === undefined ? {} : { artifactType }),
  ...(tag === undefined ? {} : { annotations: { 'io.containerd.image.name': tag.image, [refName]: tag.name } }),
})

/** A blob that an export hands over. */
interface ExportedBlob {
  readonly digest: Digest
  open(): Promise<AsyncIterable<Uint8Array>>
  giveTo(path: string): Promise<boolean>
}

const blobPath = (digest: Digest): string => join('blobs', algorithmOf(digest), encodedOf(digest))

/** Writes one layout; the index comes last, so that a layout that has one is whole. */
export class OciLayoutWriter {
  readonly #folder: string
  readonly #index: FileHandle
  #entries = 0

  private constructor(folder: string, index: FileHandle) {
    this.#folder = folder
    this.#index = index
  }

  /** Into a new folder, or into one where an earlier run broke off: blobs that are there are kept. */
  static async create(folder: string): Promise<OciLayoutWriter> {
    await mkdir(join(folder, 'blobs'), { recursive: true })
    const file = await open(join(folder, marker), 'w')
    await file.writeFile('{"imageLayoutVersion":"1.0.0"}')
    await file.close()
    await unlink(join(folder, indexFile)).catch((error: unknown) => {
      if (!isMissing(error)) throw error
    })
    const index = await open(join(folder, `${indexFile}.part`), 'w')
    await index.write('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[')
    return new OciLayoutWriter(folder, index)
  }

  async hasContent(digest: Digest, size: number): Promise<boolean> {
    try {
      return (await stat(join(this.#folder, blobPath(digest)))).size === size
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  async addBlob({ digest, open: openBytes, giveTo }: ExportedBlob): Promise<void> {
    await this.#add(digest, async (path) => {
      if (!(await giveTo(path))) await write(path, await openBytes())
    })
  }

  async addManifest({ digest, bytes }: { readonly digest: Digest; readonly bytes: Uint8Array }): Promise<void> {
    await this.#add(digest, (path) => write(path, [bytes]))
  }

  /** `put` puts the bytes at the path that it is given; what is there under the digest is whole. */
  async #add(digest: Digest, put: (path: string) => Promise<void>): Promise<void> {
    const path = join(this.#folder, blobPath(digest))
    await mkdir(dirname(path), { recursive: true })
    const part = `${path}.part`
    await unlink(part).catch((error: unknown) => {
      if (!isMissing(error)) throw error
    })
    await put(part)
    await rename(part, path)
  }

  async addEntry(entry: ExportedEntry): Promise<void> {
    await this.#index.write(`${this.#entries++ === 0 ? '' : ','}\n${JSON.stringify(layoutEntryOf(entry))}`)
  }

  async finish(): Promise<void> {
    await this.#index.write('\n]}\n')
    await this.#index.sync()
    await this.#index.close()
    await rename(join(this.#folder, `${indexFile}.part`), join(this.#folder, indexFile))
  }
}

async function write(path: string, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o644)
  try {
    for await (const chunk of bytes) await file.write(chunk)
  } finally {
    await file.close()
  }
}

/** Larger than an index of 100,000 tags. */
const maxIndexBytes = 128 << 20

/**
 * A layout, or a folder with layouts in it, each called as its path there; that is how `berth export` lays down more
 * than one repository.
 */
export class OciLayoutSource implements AsyncDisposable {
  readonly #tree: FolderTree
  readonly #root: string
  readonly #name: string | undefined

  /** `name`: the repository's name when the folder itself is its layout. */
  constructor(root: string, name: string | undefined) {
    this.#root = root
    this.#name = name
    this.#tree = new FolderTree(root)
  }

  /** Whether the folder itself is a layout, and not a folder with layouts in it. */
  async isLayout(): Promise<boolean> {
    return (await this.#tree.sizeOf(marker)) !== undefined
  }

  async *walkRepositories(): AsyncGenerator<string> {
    if (await this.isLayout()) {
      if (this.#name !== undefined) yield this.#name
    } else {
      yield* this.#walkBelow('')
    }
  }

  async *walkTags(repository: string): AsyncGenerator<ForeignTag> {
    for (const { digest, annotations } of await this.#entries(repository)) {
      const name = annotations?.[refName]
      // Some write the whole name of the image there.
      if (name !== undefined) yield { name: name.slice(name.lastIndexOf(':') + 1), digest }
    }
  }

  async *walkManifests(repository: string): AsyncGenerator<string> {
    for (const { digest } of await this.#entries(repository)) yield digest
  }

  async findManifest(
    repository: string,
    digest: Digest,
    maxBytes: number,
  ): Promise<ForeignManifest | UnusableManifest | undefined> {
    const path = join(this.#folderOf(repository), blobPath(digest))
    const size = await this.#tree.sizeOf(path)
    if (size === undefined) return undefined
    if (size > maxBytes) return { unusable: 'too-large', message: `the manifest has ${size} bytes` }
    const bytes = await this.#tree.read(path)
    return bytes === undefined ? undefined : { bytes, mediaType: undefined }
  }

  async findBlob(repository: string, digest: Digest): Promise<ForeignBlob | undefined> {
    const path = join(this.#folderOf(repository), blobPath(digest))
    const size = await this.#tree.sizeOf(path)
    if (size === undefined) return undefined
    // People move and edit such folders: what is taken from one is copied, or cloned, and never only linked.
    return { size, place: undefined, open: () => this.#tree.open(path) }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async *#walkBelow(folder: string): AsyncGenerator<string> {
    if (folder !== '' && (await this.#tree.sizeOf(`${folder}/${marker}`)) !== undefined) yield repositoryIn(folder)
    for await (const { name, isFolder } of this.#tree.list(folder)) {
      if (isFolder && name !== 'blobs') yield* this.#walkBelow(folder === '' ? name : `${folder}/${name}`)
    }
  }

  #folderOf(repository: string): string {
    return repository === this.#name ? '' : layoutFolderOf(repository)
  }

  async #entries(repository: string): Promise<readonly LayoutEntry[]> {
    const path = join(this.#root, this.#folderOf(repository), indexFile)
    try {
      if ((await stat(path)).size > maxIndexBytes) throw new Error(`${path} is too large to be an index`)
      const { manifests } = parseForeignJson(await readFile(path), budgets.layoutIndex) as { manifests?: LayoutEntry[] }
      return (manifests ?? []).filter(({ digest }) => typeof digest === 'string')
    } catch (error) {
      if (errorCodeOf(error) === 'ENOENT') return []
      throw error
    }
  }
}
