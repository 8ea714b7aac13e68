import { createHash } from 'node:crypto'
import type { Unread } from '../inventory.ts'
import { type Analyser, type DetectionMode, type FileFacts, type FileHead, headOf } from './analyser.ts'
import { analysers } from './analysers.ts'
import { decompressed } from './decompress.ts'
import type { FileContent } from './file-content.ts'
import { type FileStore, storeFor } from './file-store.ts'
import { type AnalysedFile, analyserVersion, type LayerInventory } from './layer-inventory.ts'
import { type DetectionLimits, defaultLimits } from './limits.ts'
import { type EntrySink, pathWithin, type TarEntry, TarReader } from './tar-reader.ts'
import { damaged, tooLarge, Unreadable, verdictOf } from './verdict.ts'

export interface ReadOptions {
  readonly mode?: DetectionMode
  readonly limits?: DetectionLimits
  /** Name of the layer in verdicts: its DiffID, or its path. */
  readonly where?: string
  /**
   * The digest that the unpacked layer must have. Results are kept under it for all images, so a config that names the layer of
   * another image must not bring its own in under that name.
   */
  readonly diffId?: string
  readonly signal?: AbortSignal
}

/** Opens the bytes of a layer, from the first one on; more than once where hard links make it needed. */
export type OpenLayer = () => AsyncIterable<Uint8Array>

/**
 * Reads one layer as it streams by: only files that an analyser asked for are kept, one at a time. Damage ends the
 * layer with a verdict, and what was found until there stays.
 * @throws only what `open` throws, and the reason of `signal`
 */
export async function readLayer(open: OpenLayer, options: ReadOptions = {}): Promise<LayerInventory> {
  const reading = new LayerReading(options)
  await streamThrough(open, reading, options)
  if (reading.missedLinks.size > 0 && !reading.failed) {
    const again = reading.forLinks()
    await streamThrough(open, again, options)
    return reading.resultWith(again)
  }
  return reading.result()
}

async function streamThrough(open: OpenLayer, reading: LayerReading, options: ReadOptions): Promise<void> {
  const limits = options.limits ?? defaultLimits
  const tar = new TarReader((entry) => reading.onEntry(entry), limits)
  const digest = digestOf(options.diffId)
  const source = guarded(open())
  try {
    for await (const chunk of decompressed(source.chunks, limits)) {
      options.signal?.throwIfAborted()
      digest?.update(chunk)
      tar.push(chunk)
    }
    tar.end()
    if (digest !== undefined && !digest.isRight())
      throw damaged('unpacked it is not the layer that the config of the image names')
  } catch (error) {
    options.signal?.throwIfAborted()
    if (source.failure !== undefined) throw source.failure
    reading.fail(error)
  }
}

/** Undefined for a name that is no digest, as in archives of old. */
function digestOf(diffId = '') {
  const [, algorithm, hex] = /^(sha256|sha512):([0-9a-f]+)$/.exec(diffId) ?? []
  if (algorithm === undefined) return undefined
  const hash = createHash(algorithm)
  return { update: (chunk: Uint8Array) => void hash.update(chunk), isRight: () => hash.digest('hex') === hex }
}

/** Tells an error of the source (a disk, a network) from one of the bytes. */
function guarded(chunks: AsyncIterable<Uint8Array>) {
  const source: { failure?: unknown; chunks: AsyncIterable<Uint8Array> } = { chunks: passOn() }
  async function* passOn() {
    try {
      yield* chunks
    } catch (error) {
      source.failure = error
      throw error
    }
  }
  return source
}

const whiteoutPrefix = '.wh.'
const opaqueName = '.wh..wh..opq'

/** What one pass over a layer has found so far. */
export class LayerReading {
  failed = false
  /** Files under another name in this layer, by which an analyser would have wanted them: target → names. */
  readonly missedLinks = new Map<string, string[]>()
  readonly #options: ReadOptions
  readonly #limits: DetectionLimits
  readonly #analysers: readonly Analyser[]
  readonly #files = new Map<string, AnalysedFile>()
  readonly #whiteouts = new Set<string>()
  readonly #opaque = new Set<string>()
  readonly #replaced = new Set<string>()
  readonly #unread: Unread[] = []
  /** In a second pass: only these files, under these names. */
  #only: ReadonlyMap<string, readonly string[]> | undefined
  /** Of the file that comes by just now. */
  #store: FileStore | undefined
  #keptBytes = 0
  #packages = 0

  constructor(options: ReadOptions) {
    this.#options = options
    this.#limits = options.limits ?? defaultLimits
    this.#analysers = analysersOf(options.mode ?? 'image')
  }

  forLinks(): LayerReading {
    const again = new LayerReading(this.#options)
    again.#only = this.missedLinks
    return again
  }

  onEntry(entry: TarEntry): EntrySink | undefined {
    if (this.#only !== undefined) return this.#onWantedAgain(entry, this.#only.get(entry.path))
    const head = headOfEntry(entry)
    if (head.name.startsWith(whiteoutPrefix)) this.#onWhiteout(head)
    else if (entry.type === 'file') return this.#onFile(head)
    else if (entry.type === 'hardlink') this.#onHardLink(entry, head)
    else if (entry.type !== 'folder') this.#replace(head.path)
    return undefined
  }

  /** @throws Unreadable when the names are too many */
  #onWhiteout({ path, name }: FileHead): void {
    const folder = path.slice(0, Math.max(0, path.length - name.length - 1))
    if (name === opaqueName) this.#keepPath(this.#opaque, folder)
    // Other names of this form are AUFS's own.
    else if (!name.startsWith('.wh..wh.')) {
      const gone = name.slice(whiteoutPrefix.length)
      this.#keepPath(this.#whiteouts, folder === '' ? gone : `${folder}/${gone}`)
    }
  }

  #onFile(head: FileHead): EntrySink | undefined {
    const analyser = this.#analysers.find((each) => each.wants(head))
    if (analyser === undefined) return undefined
    // Of two entries of one path the last one counts.
    this.#files.delete(head.path)
    return this.#gather(analyser, [head.path], head)
  }

  #onWantedAgain(entry: TarEntry, names: readonly string[] | undefined): EntrySink | undefined {
    if (names === undefined || entry.type !== 'file') return undefined
    const head = { ...headOf(names[0]!), size: entry.size, executable: entry.executable }
    const analyser = this.#analysers.find((each) => each.wants(head))
    return analyser === undefined ? undefined : this.#gather(analyser, names, head)
  }

  #gather(analyser: Analyser, names: readonly string[], { size }: FileHead): EntrySink | undefined {
    const path = names[0]!
    if (size > analyser.maxBytes) {
      if (analyser.sniff === undefined) this.#unreadable(path, tooLarge(`it has more than ${analyser.maxBytes} bytes`))
      return undefined
    }
    let head: Uint8Array[] = []
    let headBytes = 0
    let store = analyser.sniff === undefined ? this.#openStore(size) : undefined
    const isWanted = () => analyser.sniff!(Buffer.concat(head).subarray(0, sniffBytes))
    return {
      write: (piece) => {
        if (store !== undefined) {
          store.write(piece)
          return true
        }
        head.push(piece.slice())
        headBytes += piece.length
        if (headBytes < Math.min(sniffBytes, size)) return true
        if (!isWanted()) {
          this.#replace(path)
          return false
        }
        store = this.#openStore(size)
        for (const each of head.splice(0)) store.write(each)
        return true
      },
      end: () => {
        head = []
        if (store !== undefined) this.#analyse(analyser, names, store.content())
        this.#closeStore()
      },
    }
  }

  #openStore(size: number): FileStore {
    this.#store = storeFor(size, this.#limits.maxFileBytesInMemory)
    return this.#store
  }

  #closeStore(): void {
    this.#store?.[Symbol.dispose]()
    this.#store = undefined
  }

  #analyse(analyser: Analyser, names: readonly string[], content: FileContent): void {
    const [path = ''] = names
    try {
      const facts = analyser.read(content, {
        path,
        limits: this.#limits,
        isWantedPath: (each) => this.#isEvidence(each),
      })
      if (facts === undefined) this.#replace(path)
      else for (const each of names) this.#keepFacts(each, analyser.name, facts)
    } catch (error) {
      this.#unreadable(path, verdictOf(error))
    }
  }

  #keepFacts(path: string, analyser: string, facts: FileFacts): void {
    this.#packages += facts.packages?.length ?? 0
    if (this.#packages > this.#limits.maxPackages) {
      throw new Unreadable('TOO_LARGE', `it has more than ${this.#limits.maxPackages} packages`)
    }
    this.#files.set(path, { ...facts, path, analyser })
  }

  #onHardLink(entry: TarEntry, head: FileHead): void {
    const target = pathWithin(entry.target, this.#limits)
    const known = this.#files.get(target)
    const analyser = this.#analysers.find((each) => each.wants({ ...head, size: 1 }))
    if (analyser === undefined) this.#replace(head.path)
    else if (known?.analyser === analyser.name) this.#keepFacts(head.path, analyser.name, known)
    else if (this.missedLinks.size < this.#limits.maxKeptPaths) {
      this.missedLinks.set(target, [...(this.missedLinks.get(target) ?? []), head.path].slice(0, maxNamesOfOneFile))
    }
  }

  /** True where a package of a language could be told by this path. */
  #isEvidence(path: string): boolean {
    const head = headOf(path)
    return mayBeProgram.test(path) || this.#analysers.some((each) => each.wants(head))
  }

  #replace(path: string): void {
    this.#files.delete(path)
    this.#keepPath(this.#replaced, path)
  }

  #keepPath(paths: Set<string>, path: string): void {
    if (paths.has(path)) return
    this.#keptBytes += path.length
    const kept = this.#whiteouts.size + this.#opaque.size + this.#replaced.size
    const { maxKeptPaths, maxKeptPathBytes } = this.#limits
    if (kept >= maxKeptPaths) throw tooLarge(`it has more than ${maxKeptPaths} whiteouts and links`)
    if (this.#keptBytes > maxKeptPathBytes) throw tooLarge('the names of its whiteouts and links are too long')
    paths.add(path)
  }

  #unreadable(path: string, verdict: Unreadable): void {
    if (this.#unread.length < maxUnread) this.#unread.push(verdict.about(path))
  }

  /** The layer itself ends here. */
  fail(error: unknown): void {
    this.failed = true
    this.#closeStore()
    this.#unread.push(verdictOf(error).about(this.#options.where ?? 'layer'))
  }

  result(): LayerInventory {
    return {
      version: analyserVersion,
      files: [...this.#files.values()],
      whiteouts: [...this.#whiteouts],
      opaque: [...this.#opaque],
      replaced: [...this.#replaced].filter((path) => !this.#files.has(path)),
      unread: this.#unread,
    }
  }

  resultWith(links: LayerReading): LayerInventory {
    const [own, more] = [this.result(), links.result()]
    const known = new Set(own.files.map(({ path }) => path))
    return {
      ...own,
      files: [...own.files, ...more.files.filter(({ path }) => !known.has(path))],
      unread: [...own.unread, ...more.unread],
    }
  }
}

const sniffBytes = 64
const maxUnread = 1_000
const maxNamesOfOneFile = 100
/** Which programs are written in a language with packages, only their bytes say: all in their folders, and names without a dot. */
const mayBeProgram = /(?:^|\/)s?bin\/[^/]+$|(?:^|\/)libexec\/|^(?!usr\/(?:share|include)\/|etc\/)(?:.*\/)?[^/.]+$/

function headOfEntry({ path, size, executable }: TarEntry): FileHead {
  return { path, name: path.slice(path.lastIndexOf('/') + 1), size, executable }
}

const cachedByMode = new Map<DetectionMode, readonly Analyser[]>()

function analysersOf(mode: DetectionMode): readonly Analyser[] {
  const known = cachedByMode.get(mode) ?? analysers.filter(({ modes }) => modes.includes(mode))
  cachedByMode.set(mode, known)
  return known
}
