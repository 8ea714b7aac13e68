import { randomBytes } from 'node:crypto'
import { isConsolePath } from '#contract/console-paths.ts'
import { isDocsPath } from '#contract/guides.ts'
import { answerDocs } from './docs.ts'
import { answerPacked, openPack, type Pack } from './pack.ts'

/** Answers a request for a page or a file of the console or of the documentation; undefined when the path is none of it. */
export type Console = (request: Request, path: string) => Promise<Response | undefined>

const page = '/index.html'
/** Where a nonce for style elements goes; tools/build-console.mjs leaves the page uncompressed for it. */
const noncePlace = '%NONCE%'

/**
 * The console: files with the hash of their content in their name, which are kept for ever, and one page for every
 * address of the console, which is asked for each time. Read when somebody first wants it: most clients are no browsers.
 */
export function composeConsole(): Console {
  let opened: Promise<Pack | undefined> | undefined
  return async (request, path) => {
    const asset = path.startsWith('/assets/')
    const docs = isDocsPath(path)
    const known = asset || docs || isConsolePath(path)
    if (!known && !wantsPage(request)) return undefined
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
    let pack = await (opened ??= openPack())
    if (!asset && pack?.source.changed()) pack = await (opened = openPack())
    if (pack === undefined) return path === '/' || asset || !known ? undefined : notBuilt()
    if (docs) return answerDocs(pack, request, path)
    // An address that is nobody's: the page says so, in the reader's language, and leads home.
    return asset ? answerAsset(pack, request, path) : answerPage(pack, known ? 200 : 404)
  }
}

/** A browser that goes to an address asks for HTML; programs that ask for anything are answered in plain text. */
function wantsPage(request: Request): boolean {
  return request.method === 'GET' && (request.headers.get('accept') ?? '').includes('text/html')
}

function answerAsset(pack: Pack, request: Request, path: string): Response | undefined {
  const file = pack.find(path)
  if (file === undefined) return undefined
  return answerPacked(pack, file, request, {
    headers: {
      'cache-control': 'public, max-age=31536000, immutable',
      'referrer-policy': 'no-referrer',
      // For the case that a person opens one by itself.
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
    },
  })
}

/**
 * No script stands in the page and none comes from elsewhere; style elements carry the nonce of this answer, and style
 * attributes are set by scripts, which needs no permission. So whatever somebody pushed, its text stays text.
 */
function answerPage(pack: Pack, status: 200 | 404): Response {
  const nonce = randomBytes(16).toString('base64url')
  const text = pack.textOf(pack.find(page)!)
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
