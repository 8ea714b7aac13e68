import type { RateBound } from './rate-bound.ts'
import {
  canBeNamed,
  installScript,
  kubernetesManifest,
  rootFingerprint,
  windowsScript,
  type TrustedRoot,
} from './ca-files.ts'

export const caPrefix = '/ca'

export const isCaPath = (path: string): boolean => path === caPrefix || path.startsWith(`${caPrefix}/`)

export interface CaDoorsOptions {
  /** PEM of the authority that clients must be told of; undefined: they know it, or it is not ours to name. */
  readonly root: () => Promise<string | undefined>
  /** The registry as it stands in the names of images, for who sent this request. */
  readonly hostOf: (request: Request) => string
  readonly bound: RateBound
}

export type CaDoors = (request: Request, path: string, clientAddress: string) => Promise<Response>

interface Door {
  readonly type: string
  readonly body: (root: TrustedRoot) => string
}

const plain = 'text/plain; charset=utf-8'
const doors: Readonly<Record<string, Door>> = {
  '/ca': { type: plain, body: overview },
  '/ca/': { type: plain, body: overview },
  '/ca/root.pem': { type: 'application/x-pem-file', body: ({ certificate }) => certificate },
  '/ca/root.crt': { type: 'application/x-x509-ca-cert', body: ({ certificate }) => certificate },
  '/ca/fingerprint': { type: plain, body: (root) => `${rootFingerprint(root)}\n` },
  '/ca/install': { type: 'text/x-shellscript; charset=utf-8', body: installScript },
  '/ca/install.ps1': { type: plain, body: windowsScript },
  '/ca/kubernetes.yaml': { type: 'application/yaml', body: kubernetesManifest },
}

/**
 * What makes clients trust the registry. Clients ask before they can check a certificate, so these doors answer without
 * an account and over plain HTTP too; they know public certificates only, and no key.
 */
export function composeCaDoors({ root, hostOf, bound }: CaDoorsOptions): CaDoors {
  return async (request, path, clientAddress) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return say(405, 'only GET and HEAD', { allow: 'GET, HEAD' })
    if (!bound.admits(clientAddress))
      return say(429, 'too many requests; try again in a minute', { 'retry-after': '60' })
    const door = Object.hasOwn(doors, path) ? doors[path] : undefined
    if (door === undefined) return say(404, `known below ${caPrefix}: ${Object.keys(doors).slice(2).join(', ')}`)
    const certificate = await root()
    if (certificate === undefined)
      return say(
        404,
        'this registry has no certificate authority of its own: its certificate is trusted, or comes from elsewhere',
      )
    const host = hostOf(request)
    if (!canBeNamed(host)) return say(400, 'this name cannot stand in a script; ask by the name that images have')
    const body = door.body({ certificate, host })
    return new Response(request.method === 'HEAD' ? null : body, {
      headers: {
        'content-type': door.type,
        'content-length': String(Buffer.byteLength(body)),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      },
    })
  }
}

function overview(root: TrustedRoot): string {
  const { host } = root
  return [
    `${host} has a certificate of a private authority, which clients must be told to trust.`,
    `Fingerprint (SHA-256) of the authority; compare it with \`berth ca show\`: ${rootFingerprint(root)}`,
    '',
    'Linux and macOS   curl -fsSL <this address>/install | sudo sh',
    'Windows           irm <this address>/install.ps1 | iex',
    'Kubernetes        kubectl apply -f <this address>/kubernetes.yaml',
    'The certificate   <this address>/root.pem',
    '',
    'Each with its fingerprint compared: … | sudo sh -s -- --fingerprint <fingerprint>',
    'To take it back: … | sudo sh -s -- --uninstall',
    '',
  ].join('\n')
}

function say(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { 'content-type': plain, 'cache-control': 'no-store', ...headers },
  })
}
