import { docsPrefix } from '#contract/guides.ts'
import { answerPacked, type Pack } from './pack.ts'

/**
 * The documentation: pages without an account and without a request to anywhere else. Scripts and styles are files of
 * this process; nothing of a page comes from what somebody pushed.
 */
export function answerDocs(pack: Pack, request: Request, path: string): Response {
  if (path === docsPrefix) return redirect(`${docsPrefix}/${prefersChinese(request) ? 'zh-CN/' : ''}`)
  if (path === `${docsPrefix}/zh-CN`) return redirect(`${path}/`)
  const found =
    pack.find(path.endsWith('/') ? `${path}index.html` : `${path}.html`) ??
    (/\.(md|json)$/.test(path) ? pack.find(path) : undefined)
  // The first page has the list of all, and the search.
  const file = found ?? pack.find(`${docsPrefix}/${path.startsWith(`${docsPrefix}/zh-CN/`) ? 'zh-CN/' : ''}index.html`)
  if (file === undefined) return new Response('no such page\n', { status: 404 })
  return answerPacked(pack, file, request, { status: found === undefined ? 404 : 200, headers })
}

const headers = {
  // Another version of the program has other pages at the same addresses.
  'cache-control': 'no-cache',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
}

const redirect = (location: string): Response =>
  new Response(null, { status: 302, headers: { location, vary: 'accept-language', 'cache-control': 'no-cache' } })

/** The first language of the two that the browser names. */
function prefersChinese(request: Request): boolean {
  const named = /\b(zh|en)\b/i.exec(request.headers.get('accept-language') ?? '')
  return named?.[1]?.toLowerCase() === 'zh'
}
