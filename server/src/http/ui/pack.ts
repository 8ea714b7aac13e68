import { gunzipSync } from 'node:zlib'
import { openConsolePack, type ConsolePack } from '../../runtime/console-pack.ts'

interface PackedFile {
  readonly type: string
  readonly etag: string
  /** Offset and length behind the index, by encoding. */
  readonly encodings: Readonly<Record<string, readonly [offset: number, length: number]>>
}

/** Pages and files as tools/build-console.mjs packed them. */
export interface Pack {
  readonly source: ConsolePack
  /** Undefined for a name that is not in it. */
  find(name: string): PackedFile | undefined
  /** The whole file, as it was before it was packed. */
  textOf(file: PackedFile): string
  /** The bytes in the best encoding that the client takes. */
  bytesFor(file: PackedFile, request: Request): { readonly encoding: string; readonly bytes: Uint8Array }
}

/** Undefined where nothing was built. */
export async function openPack(): Promise<Pack | undefined> {
  const source = await openConsolePack()
  if (source === undefined) return undefined
  const { bytes } = source
  const indexLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  const start = 4 + indexLength
  const files = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start))) as Readonly<Record<string, PackedFile>>
  const bytesOf = ([offset, length]: readonly [number, number]) =>
    bytes.subarray(start + offset, start + offset + length)
  const plainOf = ({ encodings }: PackedFile): Uint8Array =>
    encodings['identity'] === undefined ? gunzipSync(bytesOf(encodings['gzip']!)) : bytesOf(encodings['identity'])
  return {
    source,
    find: (name) => (Object.hasOwn(files, name) ? files[name] : undefined),
    textOf: (file) => new TextDecoder().decode(plainOf(file)),
    bytesFor(file, request) {
      const encoding = preferredEncoding(file, request.headers.get('accept-encoding'))
      return { encoding, bytes: encoding === 'identity' ? plainOf(file) : bytesOf(file.encodings[encoding]!) }
    },
  }
}

function preferredEncoding({ encodings }: PackedFile, accepted: string | null): string {
  for (const encoding of ['br', 'gzip']) {
    if (encodings[encoding] === undefined) continue
    if (new RegExp(`(^|,)\\s*${encoding}\\s*($|,|;(?!\\s*q=0(\\.0*)?\\s*($|,)))`).test(accepted ?? '')) return encoding
  }
  return 'identity'
}

/** A file of the pack as an answer, with what its place says about it over what all have. */
export function answerPacked(
  pack: Pack,
  file: PackedFile,
  request: Request,
  { status = 200, headers: more }: { readonly status?: number; readonly headers: Readonly<Record<string, string>> },
): Response {
  const { encoding, bytes } = pack.bytesFor(file, request)
  const etag = `"${file.etag}-${encoding}"`
  const headers: Record<string, string> = {
    'content-type': file.type,
    vary: 'accept-encoding',
    etag,
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    ...more,
    ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
  }
  if (status === 200 && request.headers.get('if-none-match')?.includes(etag))
    return new Response(null, { status: 304, headers })
  headers['content-length'] = String(bytes.byteLength)
  return new Response(request.method === 'HEAD' ? null : (bytes as BodyInit), { status, headers })
}
