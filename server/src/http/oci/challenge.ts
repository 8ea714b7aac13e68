import type { OciCall, OciRouterOptions } from './oci-router.ts'
import { parseOciPath, type OciPath } from './oci-request.ts'

/**
 * WWW-Authenticate of a 401. Without credentials, and for a token that is not (or no longer) good enough: the
 * token service, with the scope that this request needs. After Basic credentials: Basic, as Harbor does, since a
 * client that was refused with a password gains nothing by a token.
 */
export function challenge(options: Pick<OciRouterOptions, 'tokenService' | 'originOf'>, call: OciCall): string {
  const path = parseOciPath(call.path)
  const sent = call.request.headers.get('authorization')
  if (path?.endpoint === 'catalog' || (sent !== null && !/^bearer /i.test(sent))) return 'Basic realm="harbor"'
  const realm = `${options.originOf(call.request)}/service/token`
  const scope =
    path === undefined || path.name === ''
      ? ''
      : `,scope="repository:${quotable(path.name)}:${actions(path, call.request.method)}"`
  const error = sent === null ? '' : ',error="invalid_token"'
  return `Bearer realm="${realm}",service="${quotable(options.tokenService)}"${scope}${error}`
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
