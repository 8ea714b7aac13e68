import { randomBytes } from 'node:crypto'
import { isConsolePath } from '#contract/console-paths.ts'
import { openConsolePack, type ConsolePack } from '../../runtime/console-pack.ts'

/** Answers a request for a page or a file of the console; undefined when the path is none of it. */
export type Console = (request: Request, path: string) => Promise<Response | undefined>

interface ConsoleFile {
  readonly type: string
  readonly etag: string
  /** Offset and length behind the index, by encoding. */
  readonly encodings: Readonly<Record<string, readonly [offset: number, length: number]>>
}

interface OpenConsole {
  readonly pack: ConsolePack
  readonly files: Readonly<Record<string, ConsoleFile>>
  bytesOf(place: readonly [offset: number, length: number]): Uint8Array
}

const page = '/index.html'
/** Where a nonce for style elements goes; tools/build-console.mjs leaves the page uncompressed for it. */
const noncePlace = '%NONCE%'

/**
 * The console: files with the hash of their content in their name, which are kept for ever, and one page for every
 * address of the console, which is asked for each time. Read when somebody first wants it: most clients are no browsers.
 */
export function composeConsole(): Console {
  let opened: Promise<OpenConsole | undefined> | undefined
  return async (request, path) => {
    const asset = path.startsWith('/assets/')
    const known = asset || isConsolePath(path)
    if (!known && !wantsPage(request)) return undefined
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
    let console = await (opened ??= openConsole())
    if (!asset && console?.pack.changed()) console = await (opened = openConsole())
    if (console === undefined) return path === '/' || asset || !known ? undefined : notBuilt()
    // An address that is nobody's: the page says so, in the reader's language, and leads home.
    return asset ? answerFile(console, request, path) : answerPage(console, known ? 200 : 404)
  }
}

/** A browser that goes to an address asks for HTML; programs that ask for anything are answered in plain text. */
function wantsPage(request: Request): boolean {
  return request.method === 'GET' && (request.headers.get('accept') ?? '').includes('text/html')
}

async function openConsole(): Promise<OpenConsole | undefined> {
  const pack = await openConsolePack()
  if (pack === undefined) return undefined
  const { bytes } = pack
  const indexLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  const files = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + indexLength)))
  const start = 4 + indexLength
  return { pack, files, bytesOf: ([offset, length]) => bytes.subarray(start + offset, start + offset + length) }
}

function answerFile(console: OpenConsole, request: Request, path: string): Response | undefined {
  const file = Object.hasOwn(console.files, path) ? console.files[path] : undefined
  if (file === undefined) return undefined
  const encoding = preferredEncoding(file, request.headers.get('accept-encoding'))
  const etag = `"${file.etag}-${encoding}"`
  const headers: Record<string, string> = {
    'content-type': file.type,
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
    etag,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // For the case that a person opens one by itself.
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
  }
  if (request.headers.get('if-none-match')?.includes(etag)) return new Response(null, { status: 304, headers })
  const place = file.encodings[encoding]!
  headers['content-length'] = String(place[1])
  const body = request.method === 'HEAD' ? null : (console.bytesOf(place) as BodyInit)
  return new Response(body, { headers })
}

function preferredEncoding(file: ConsoleFile, accepted: string | null): string {
  for (const encoding of ['br', 'gzip']) {
    if (file.encodings[encoding] === undefined) continue
    if (new RegExp(`(^|,)\\s*${encoding}\\s*($|,|;(?!\\s*q=0(\\.0*)?\\s*($|,)))`).test(accepted ?? '')) return encoding
  }
  return 'identity'
}

/**
 * No script stands in the page and none comes from elsewhere; style elements carry the nonce of this answer, and style
 * attributes are set by scripts, which needs no permission. So whatever somebody pushed, its text stays text.
 */
function answerPage(console: OpenConsole, status: 200 | 404): Response {
  const nonce = randomBytes(16).toString('base64url')
  const text = new TextDecoder().decode(console.bytesOf(console.files[page]!.encodings['identity']!))
  return new Response(text.replace(noncePlace, nonce), {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      // A new nonce each time, so it is not kept at all.
      'cache-control': 'no-store',
      'content-security-policy': [
        "default-src 'none'",
        "script-src 'self'",
        `style-src 'self' 'nonce-${nonce}'`,
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
    },
  })
}

function notBuilt(): Response {
  return new Response('the console is not built in this checkout; build it: bun tools/build-console.mjs\n', {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  })
}
