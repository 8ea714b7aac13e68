import { findFreePort } from './registry.ts'
import type { Descriptor, Image } from './image.ts'

/** How the stand-in behaves from now on. */
export interface HubMood {
  /** Answers every request to `/v2` with this status; its token service goes on. */
  status?: number
  /** Bytes of blobs per second. */
  bytesPerSecond?: number
  /** Breaks blobs off behind so many bytes. */
  cutAfter?: number
  /** Changes a byte of every blob. */
  lies?: boolean
}

export interface HubStandIn extends AsyncDisposable {
  readonly url: string
  readonly host: string
  /** `GET /v2/library/app/manifests/latest` of what was asked for, without the way to a token. */
  readonly asked: string[]
  /** Hosts that were shown a password, and by which path. */
  readonly passwordsSeen: string[]
  mood: HubMood
  /** Pulls that are left. */
  remaining: number
  has(repository: string, tag: string, image: Image): void
  /** Nobody listens any more; or again. */
  goAway(): Promise<void>
  comeBack(): void
}

/**
 * A registry that behaves as Docker Hub does: tokens come from another host, GET of a manifest counts and HEAD does not, the
 * headers tell what is left, and 429 comes when nothing is.
 */
export async function startHubStandIn(): Promise<HubStandIn> {
  const [port, tokenPort] = [await findFreePort(), await findFreePort()]
  const manifests = new Map<string, Descriptor>()
  const content = new Map<string, Uint8Array>()
  const asked: string[] = []
  const passwordsSeen: string[] = []
  const tokens = Bun.serve({
    port: tokenPort,
    hostname: '127.0.0.1',
    fetch(request) {
      if (request.headers.get('authorization')?.startsWith('Basic ') === true) passwordsSeen.push('token service')
      return Response.json({ token: 'hub-token', expires_in: 300 })
    },
  })
  const hub: HubStandIn = {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    asked,
    passwordsSeen,
    mood: {},
    remaining: 1_000,
    has(repository, tag, image) {
      manifests.set(`${repository}:${tag}`, image.descriptor)
      for (const [digest, bytes] of image.content) content.set(digest, bytes)
      for (const [digest, bytes] of image.content) {
        const { mediaType } = parsed(bytes)
        if (mediaType !== undefined) manifests.set(`${repository}:${digest}`, { mediaType, digest, size: bytes.length })
      }
    },
    async goAway() {
      await server.stop(true)
    },
    comeBack() {
      server = listen()
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true)
      await tokens.stop(true)
    },
  }

  const answer = (request: Request): Response => {
    const { pathname } = new URL(request.url)
    const authorization = request.headers.get('authorization')
    if (authorization?.startsWith('Basic ') === true) passwordsSeen.push(pathname)
    if (authorization !== 'Bearer hub-token') {
      const realm = `Bearer realm="http://127.0.0.1:${tokenPort}/token",service="registry.hub"`
      return new Response('{}', { status: 401, headers: { 'www-authenticate': realm } })
    }
    asked.push(`${request.method} ${pathname}`)
    const { status } = hub.mood
    if (status !== undefined) return new Response('{}', { status })
    const [, repository = '', kind = '', reference = ''] =
      /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(pathname) ?? []
    if (kind === 'tags') {
      const tags = [...manifests.keys()].filter((key) => key.startsWith(`${repository}:`) && !key.includes('sha256:'))
      return Response.json({ name: repository, tags: tags.map((key) => key.slice(repository.length + 1)) })
    }
    if (kind === 'blobs') return blob(request, content.get(reference))
    return pathname === '/v2/' ? Response.json({}) : manifest(request, manifests.get(`${repository}:${reference}`))
  }

  const manifest = (request: Request, found: Descriptor | undefined): Response => {
    if (request.method === 'GET' && --hub.remaining < 0) {
      hub.remaining = 0
      return new Response(
        '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}',
        {
          status: 429,
          headers: { 'retry-after': '3600', 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600' },
        },
      )
    }
    if (found === undefined) return new Response('{}', { status: 404 })
    const headers = {
      'content-type': found.mediaType,
      'content-length': String(found.size),
      'docker-content-digest': found.digest,
      'ratelimit-limit': '100;w=21600',
      'ratelimit-remaining': `${hub.remaining};w=21600`,
    }
    return new Response(request.method === 'HEAD' ? null : (content.get(found.digest) as Uint8Array<ArrayBuffer>), {
      headers,
    })
  }

  const blob = (request: Request, bytes: Uint8Array | undefined): Response => {
    if (bytes === undefined) return new Response('{}', { status: 404 })
    const start = Number(/^bytes=(\d+)-/.exec(request.headers.get('range') ?? '')?.[1] ?? 0)
    const headers: Record<string, string> = { 'content-length': String(bytes.length - start) }
    if (start > 0) headers['content-range'] = `bytes ${start}-${bytes.length - 1}/${bytes.length}`
    const body = request.method === 'HEAD' ? null : paced(bytes, start, hub)
    return new Response(body, { status: start > 0 ? 206 : 200, headers })
  }

  const listen = () => Bun.serve({ port, hostname: '127.0.0.1', idleTimeout: 0, fetch: answer })
  let server = listen()
  return hub
}

const pieceBytes = 64 * 1024

/** The bytes from `start` as the mood of this moment has them. */
function paced(bytes: Uint8Array, start: number, { mood }: HubStandIn): ReadableStream<Uint8Array> {
  let position = start
  return new ReadableStream({
    async pull(controller) {
      if (mood.cutAfter !== undefined && position - start >= mood.cutAfter) {
        controller.error(new Error('cut'))
        return
      }
      // A copy, also of a Buffer: lies are told of this answer alone.
      const piece = Uint8Array.from(bytes.subarray(position, position + pieceBytes))
      if (mood.lies === true && piece.length > 0) piece[0]! ^= 1
      if (mood.bytesPerSecond !== undefined) await Bun.sleep((piece.length / mood.bytesPerSecond) * 1_000)
      position += piece.length
      if (piece.length > 0) controller.enqueue(piece)
      if (position >= bytes.length) controller.close()
    },
  })
}

function parsed(bytes: Uint8Array): { mediaType?: string } {
  if (bytes[0] !== 0x7b) return {}
  return JSON.parse(new TextDecoder().decode(bytes)) as { mediaType?: string }
}
