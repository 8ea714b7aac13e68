import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { Readable } from 'node:stream'
import type { BlobBody, StoredRange } from '../blob-store.ts'
import type { S3Capabilities, S3EncryptionAlgorithm } from './capabilities.ts'
import { resumedStream, type ObjectBody } from './resumed-stream.ts'
import { isNoSuchKey, isPreconditionFailed, s3Error } from './s3-errors.ts'

/** Server-side encryption, as S3 names it. */
export interface S3Encryption {
  readonly algorithm: S3EncryptionAlgorithm
  readonly kmsKeyId: string | undefined
}

export interface StoredObject {
  /** Without the prefix. */
  readonly key: string
  readonly size: number
  readonly modifiedAt: number
}

/** The limit of bytes that a request holds in memory. */
const atOnceBytes = 1 << 20

/** Bytes, and the ETag of the object that they were read from. */
export interface ReadObject {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly etag: string | undefined
}

export interface BucketOptions {
  readonly client: S3Client
  /** Signs URLs for clients, which may reach the service by another name. It sends no requests. */
  readonly presigner: S3Client
  readonly capabilities: S3Capabilities
  /** The time that an answer may go without a byte. */
  readonly silenceMs: number
  readonly endpoint: string | undefined
  readonly name: string
  /** Empty, or ends in `/`. */
  readonly prefix: string
  readonly encryption: S3Encryption | undefined
}

/** S3 copies no more at once, and wants larger objects copied in parts. */
const maxCopyBytes = 5 * 2 ** 30
const copiedPart = 2 ** 30

/** One bucket, or the part of it below a prefix: S3's calls in the words of this folder. */
export class Bucket {
  /** Of another service than AWS. */
  readonly endpoint: string | undefined
  readonly #options: BucketOptions
  readonly #client: S3Client
  readonly #presigner: S3Client
  readonly #silenceMs: number
  readonly #name: string
  readonly #prefix: string
  readonly #encryption: Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'>

  readonly capabilities: S3Capabilities

  constructor(options: BucketOptions) {
    this.#options = options
    this.endpoint = options.endpoint
    this.#client = options.client
    this.#presigner = options.presigner
    this.capabilities = options.capabilities
    this.#silenceMs = options.silenceMs
    this.#name = options.name
    this.#prefix = options.prefix
    const { encryption } = options
    this.#encryption =
      encryption === undefined ? {} : { ServerSideEncryption: encryption.algorithm, SSEKMSKeyId: encryption.kmsKeyId }
  }

  /** Returns the object's ETag. */
  async put(key: string, body: Uint8Array, doing: string): Promise<string | undefined> {
    const { ETag: etag } = await this.#call(doing, () =>
      this.#client.send(new PutObjectCommand({ ...this.#at(key), ...this.#encryption, Body: body })),
    )
    return etag
  }

  /** False when the object at `from` is not the one with that ETag. Only for services with conditional copies. */
  async copy(from: string, to: string, etag: string, doing: string): Promise<boolean> {
    const source = `${this.#name}/${this.#prefix}${from}`
    const input = { ...this.#at(to), ...this.#encryption, CopySource: source, CopySourceIfMatch: etag }
    try {
      await this.#client.send(new CopyObjectCommand(input))
      return true
    } catch (error) {
      if (isPreconditionFailed(error) || isNoSuchKey(error)) return false
      throw s3Error(error, doing)
    }
  }

  /** From any bucket that these credentials may read, of any size, without the bytes coming here. */
  async copyFrom(
    source: { readonly bucket: string; readonly key: string; readonly size: number },
    to: string,
    doing: string,
  ): Promise<void> {
    const from = [source.bucket, ...source.key.split('/')].map(encodeURIComponent).join('/')
    if (source.size <= maxCopyBytes) {
      await this.#call(doing, () =>
        this.#client.send(new CopyObjectCommand({ ...this.#at(to), ...this.#encryption, CopySource: from })),
      )
      return
    }
    const multipart = await this.createMultipart(to, doing)
    try {
      const etags: string[] = []
      for (let start = 0; start < source.size; start += copiedPart) {
        const range = `bytes=${start}-${Math.min(source.size, start + copiedPart) - 1}`
        const part = { UploadId: multipart, PartNumber: etags.length + 1, CopySource: from, CopySourceRange: range }
        const answer = await this.#call(doing, () =>
          this.#client.send(new UploadPartCopyCommand({ ...this.#at(to), ...part })),
        )
        etags.push(answer.CopyPartResult!.ETag!)
      }
      await this.#call(doing, () => this.completeMultipart(to, multipart, etags))
    } catch (error) {
      await this.abortMultipart(to, multipart).catch(() => undefined) // the first error says why
      throw error
    }
  }

  /** The same bucket, keys counted from its root. */
  get root(): Bucket {
    return new Bucket({ ...this.#options, prefix: '' })
  }

  get name(): string {
    return this.#name
  }

  /** Undefined when nothing lies there. */
  async get(key: string, doing: string): Promise<ReadObject | undefined> {
    const first = await this.#find(doing, () => this.#open(key, undefined))
    if (first === undefined) return undefined
    const bytes = await new Response(this.#resumed(key, 0, first, doing)).arrayBuffer()
    return { bytes: new Uint8Array(bytes), etag: first.etag }
  }

  /** Undefined when nothing lies there. */
  async stream(
    key: string,
    range: StoredRange | undefined,
    doing: string,
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    const first = await this.#find(doing, () => this.#open(key, range))
    return first === undefined ? undefined : this.#resumed(key, range?.start ?? 0, first, doing)
  }

  /**
   * For an answer: small ones at once, so that their length can be announced (the listener cannot announce that of a
   * stream), the others as a stream. Undefined when nothing lies there.
   */
  async body(key: string, range: StoredRange | undefined, doing: string): Promise<BlobBody | undefined> {
    const first = await this.#find(doing, () => this.#open(key, range))
    if (first === undefined) return undefined
    const stream = this.#resumed(key, range?.start ?? 0, first, doing)
    return first.size > atOnceBytes ? stream : new Blob([await new Response(stream).arrayBuffer()])
  }

  #resumed(key: string, start: number, first: ObjectBody, doing: string): ReadableStream<Uint8Array> {
    return resumedStream(first, {
      silenceMs: this.#silenceMs,
      reopen: (position, etag) =>
        this.#find(doing, () => this.#open(key, { start: start + position, end: start + first.size - 1 }, etag)),
    })
  }

  async #open(key: string, range: StoredRange | undefined, etag?: string): Promise<ObjectBody> {
    const bytes = range === undefined ? undefined : `bytes=${range.start}-${range.end}`
    const answer = await this.#client.send(new GetObjectCommand({ ...this.#at(key), Range: bytes, IfMatch: etag }))
    return { body: answer.Body as Readable, size: answer.ContentLength ?? 0, etag: answer.ETag }
  }

  /** Bytes; undefined when nothing lies there. */
  async sizeOf(key: string, doing: string): Promise<number | undefined> {
    return await this.#find(doing, async () => {
      const { ContentLength: size } = await this.#client.send(new HeadObjectCommand(this.#at(key)))
      return size
    })
  }

  async delete(keys: readonly string[], doing: string): Promise<void> {
    const { keysPerDelete } = this.capabilities
    for (let start = 0; start < keys.length; start += keysPerDelete) {
      const batch = keys.slice(start, start + keysPerDelete)
      const objects = batch.map((key) => ({ Key: `${this.#prefix}${key}` }))
      const answer = await this.#call(doing, () =>
        this.#client.send(new DeleteObjectsCommand({ Bucket: this.#name, Delete: { Objects: objects, Quiet: true } })),
      )
      const failed = answer.Errors?.find(({ Code: code }) => code !== 'NoSuchKey')
      if (failed !== undefined) {
        throw s3Error(Object.assign(new Error(failed.Message), { name: failed.Code ?? '' }), doing)
      }
    }
  }

  async *list(below: string, doing: string): AsyncGenerator<StoredObject> {
    let next: string | undefined
    do {
      const page = await this.#call(doing, () =>
        this.#client.send(
          new ListObjectsV2Command({ Bucket: this.#name, Prefix: `${this.#prefix}${below}`, ContinuationToken: next }),
        ),
      )
      for (const { Key: key, Size: size, LastModified: modified } of page.Contents ?? []) {
        if (key === undefined) continue
        yield { key: key.slice(this.#prefix.length), size: size ?? 0, modifiedAt: modified?.getTime() ?? 0 }
      }
      next = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (next !== undefined)
  }

  /** Objects directly below `folder` (empty, or ending in `/`), and folders as far as S3 has such. */
  async *listFolder(
    folder: string,
    doing: string,
  ): AsyncGenerator<{ readonly name: string; readonly isFolder: boolean }> {
    const below = `${this.#prefix}${folder}`
    let next: string | undefined
    do {
      const command = { Bucket: this.#name, Prefix: below, Delimiter: '/', ContinuationToken: next }
      const page = await this.#call(doing, () => this.#client.send(new ListObjectsV2Command(command)))
      for (const { Prefix: prefix } of page.CommonPrefixes ?? []) {
        if (prefix !== undefined) yield { name: prefix.slice(below.length, -1), isFolder: true }
      }
      for (const { Key: key } of page.Contents ?? []) {
        if (key !== undefined && key !== below) yield { name: key.slice(below.length), isFolder: false }
      }
      next = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (next !== undefined)
  }

  /** Returns the store's id of the multipart upload. */
  async createMultipart(key: string, doing: string): Promise<string> {
    const { UploadId: id } = await this.#call(doing, () =>
      this.#client.send(new CreateMultipartUploadCommand({ ...this.#at(key), ...this.#encryption })),
    )
    return id!
  }

  /** Returns the part's ETag. Errors of S3 come out as they are where the caller tells them apart. */
  async uploadPart(key: string, multipart: string, partNumber: number, body: Uint8Array): Promise<string> {
    const { ETag: etag } = await this.#client.send(
      new UploadPartCommand({ ...this.#at(key), UploadId: multipart, PartNumber: partNumber, Body: body }),
    )
    return etag!
  }

  /** ETag and size of each part, by number. */
  async listParts(
    key: string,
    multipart: string,
  ): Promise<Map<number, { readonly etag: string; readonly size: number }>> {
    const parts = new Map<number, { etag: string; size: number }>()
    let marker: string | undefined
    do {
      const page = await this.#client.send(
        new ListPartsCommand({ ...this.#at(key), UploadId: multipart, PartNumberMarker: marker }),
      )
      for (const { PartNumber: number, ETag: etag, Size: size } of page.Parts ?? []) {
        if (number !== undefined && etag !== undefined) parts.set(number, { etag, size: size ?? 0 })
      }
      marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined
    } while (marker !== undefined)
    return parts
  }

  async completeMultipart(key: string, multipart: string, etags: readonly string[]): Promise<void> {
    const parts = etags.map((etag, index) => ({ ETag: etag, PartNumber: index + 1 }))
    await this.#client.send(
      new CompleteMultipartUploadCommand({ ...this.#at(key), UploadId: multipart, MultipartUpload: { Parts: parts } }),
    )
  }

  async abortMultipart(key: string, multipart: string): Promise<void> {
    await this.#client.send(new AbortMultipartUploadCommand({ ...this.#at(key), UploadId: multipart }))
  }

  /** A signed URL for a GET that saves the bytes and never shows them as a page. */
  async presign(key: string, lifetimeSeconds: number): Promise<string> {
    const command = new GetObjectCommand({
      ...this.#at(key),
      ResponseContentType: 'application/octet-stream',
      ResponseCacheControl: 'private, max-age=31536000, immutable',
    })
    return await getSignedUrl(this.#presigner, command, { expiresIn: lifetimeSeconds })
  }

  dispose(): void {
    this.#client.destroy()
    this.#presigner.destroy()
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#name, Key: `${this.#prefix}${key}` }
  }

  async #call<T>(doing: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw s3Error(error, doing)
    }
  }

  async #find<T>(doing: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call()
    } catch (error) {
      if (isNoSuchKey(error)) return undefined
      throw s3Error(error, doing)
    }
  }
}
