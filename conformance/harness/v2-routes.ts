import { sha256, type Image } from './image.ts'
import type { Role } from './scenario.ts'
import type { V2Request } from './v2-client.ts'

export type Right = 'pull' | 'push' | 'delete'

/** Harbor's matrix, as far as /v2 goes. */
export const rightsOfRole: Readonly<Record<Role, readonly Right[]>> = {
  'project-admin': ['pull', 'push', 'delete'],
  maintainer: ['pull', 'push', 'delete'],
  developer: ['pull', 'push'],
  guest: ['pull'],
  'limited-guest': ['pull'],
}
export const roles = Object.keys(rightsOfRole) as Role[]
export const everything: readonly Right[] = ['pull', 'push', 'delete']

export interface Route {
  readonly request: string
  readonly needs: Right
  /** What whoever has the right is answered. */
  readonly granted: number
  /** Below the repository. */
  readonly path: (image: Image) => string
  readonly method: string
  readonly send?: (image: Image) => Omit<V2Request, 'method'>
}

const layerOf = (image: Image): string => [...image.content.keys()][0] ?? ''
const manifestOf = (image: Image): Omit<V2Request, 'method'> => ({
  headers: { 'content-type': image.descriptor.mediaType },
  body: image.content.get(image.descriptor.digest) ?? '',
})
const unknownUpload = `blobs/uploads/${crypto.randomUUID()}`

/** Every method of every route below a repository. Nothing that is granted takes anything from the next in line. */
export const routes: readonly Route[] = [
  { request: 'tags', needs: 'pull', granted: 200, method: 'GET', path: () => 'tags/list' },
  { request: 'manifest by tag', needs: 'pull', granted: 200, method: 'GET', path: () => 'manifests/v1' },
  { request: 'manifest by tag', needs: 'pull', granted: 200, method: 'HEAD', path: () => 'manifests/v1' },
  {
    request: 'manifest by digest',
    needs: 'pull',
    granted: 200,
    method: 'GET',
    path: ({ descriptor }) => `manifests/${descriptor.digest}`,
  },
  {
    request: 'manifest by tag',
    needs: 'push',
    granted: 201,
    method: 'PUT',
    path: () => 'manifests/v1',
    send: manifestOf,
  },
  {
    request: 'manifest by digest with tags',
    needs: 'push',
    granted: 201,
    method: 'PUT',
    path: ({ descriptor }) => `manifests/${descriptor.digest}?tag=v1`,
    send: manifestOf,
  },
  {
    request: 'manifest that is none',
    needs: 'push',
    granted: 400,
    method: 'PUT',
    path: () => 'manifests/v1',
    send: () => ({ body: '{}' }),
  },
  { request: 'tag', needs: 'delete', granted: 404, method: 'DELETE', path: () => 'manifests/missing' },
  {
    request: 'manifest by digest',
    needs: 'delete',
    granted: 404,
    method: 'DELETE',
    path: () => `manifests/${sha256('nothing')}`,
  },
  { request: 'blob', needs: 'pull', granted: 200, method: 'GET', path: (image) => `blobs/${layerOf(image)}` },
  { request: 'blob', needs: 'pull', granted: 200, method: 'HEAD', path: (image) => `blobs/${layerOf(image)}` },
  {
    request: 'part of a blob',
    needs: 'pull',
    granted: 206,
    method: 'GET',
    path: (image) => `blobs/${layerOf(image)}`,
    send: () => ({ headers: { range: 'bytes=0-1' } }),
  },
  { request: 'blob', needs: 'delete', granted: 404, method: 'DELETE', path: () => `blobs/${sha256('nothing')}` },
  {
    request: 'referrers',
    needs: 'pull',
    granted: 200,
    method: 'GET',
    path: ({ descriptor }) => `referrers/${descriptor.digest}`,
  },
  { request: 'upload', needs: 'push', granted: 202, method: 'POST', path: () => 'blobs/uploads/' },
  {
    request: 'blob at once',
    needs: 'push',
    granted: 201,
    method: 'POST',
    path: () => `blobs/uploads/?digest=${sha256('x')}`,
    send: () => ({ body: 'x' }),
  },
  {
    request: 'mount',
    needs: 'push',
    granted: 201,
    method: 'POST',
    path: (image) => `blobs/uploads/?mount=${layerOf(image)}`,
  },
  { request: 'upload', needs: 'push', granted: 404, method: 'GET', path: () => unknownUpload },
  {
    request: 'upload',
    needs: 'push',
    granted: 404,
    method: 'PATCH',
    path: () => unknownUpload,
    send: () => ({ body: 'x' }),
  },
  {
    request: 'upload',
    needs: 'push',
    granted: 404,
    method: 'PUT',
    path: () => `${unknownUpload}?digest=${sha256('x')}`,
    send: () => ({ body: 'x' }),
  },
  { request: 'upload', needs: 'push', granted: 404, method: 'DELETE', path: () => unknownUpload },
]
