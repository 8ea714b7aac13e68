import type { OciCall, OciRouterOptions } from './oci-router.ts'
import { parseOciPath, type OciPath } from './oci-request.ts'

/** Of GET /v2/_catalog, as Distribution calls it. */
export const catalogScope = 'registry:catalog:*'

/**
 * WWW-Authenticate of a 401. Without credentials, and for a token that is not (or no longer) good enough: the
 * token service, with the scope that this request needs. After Basic credentials: Basic, as Harbor does, since a
 * client that was refused with a password gains nothing by a token. The list of all repositories asks a client without
 * credentials for Basic too, as Harbor does.
 */
export function challenge(options: Pick<OciRouterOptions, 'tokenService' | 'originOf'>, call: OciCall): string {
  const path = parseOciPath(call.path)
  const sent = call.request.headers.get('authorization')
  const isBearer = sent !== null && /^bearer /i.test(sent)
  if (!isBearer && (sent !== null || path?.endpoint === 'catalog')) return 'Basic realm="harbor"'
  const realm = `${options.originOf(call.request)}/service/token`
  const scope = path === undefined ? undefined : scopeOf(path, call.request.method)
  const parameters = [
    `realm="${realm}"`,
    `service="${quotable(options.tokenService)}"`,
    ...(scope === undefined ? [] : [`scope="${scope}"`]),
    // RFC 6750 §3.1: clients fetch a token with the scope after either, and some only after the one that is true.
    ...(isBearer ? [`error="${call.authentication.failedLogin ? 'invalid_token' : 'insufficient_scope'}"`] : []),
  ]
  return `Bearer ${parameters.join(',')}`
}

/** Undefined for what no scope gives. */
function scopeOf(path: OciPath, method: string): string | undefined {
  if (path.endpoint === 'catalog') return catalogScope
  return path.name === '' ? undefined : `repository:${quotable(path.name)}:${actions(path, method)}`
}

function actions(path: OciPath, method: string): string {
  // Looking at an upload and cancelling it are parts of pushing.
  if (path.endpoint === 'upload' || path.endpoint === 'uploads') return 'pull,push'
  if (method === 'GET' || method === 'HEAD') return 'pull'
  return method === 'DELETE' ? 'delete' : 'pull,push'
}

/** Nothing that a client wrote may end the quoted string or the header. */
function quotable(text: string): string {
  return text.replace(/[^A-Za-z0-9._/-]/g, '').slice(0, 255)
}
