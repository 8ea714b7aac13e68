import type { Route } from './router.ts'

/** The operation of a request, in words of a closed list: the label of metrics and of log lines. */
export type Operation =
  | Exclude<Route, 'oci'>
  | 'base'
  | 'blob-get'
  | 'blob-head'
  | 'blob-delete'
  | 'upload-start'
  | 'upload-append'
  | 'upload-commit'
  | 'upload-status'
  | 'upload-cancel'
  | 'manifest-get'
  | 'manifest-head'
  | 'manifest-put'
  | 'manifest-delete'
  | 'tags'
  | 'referrers'
  | 'catalog'
  | 'oci-other'

const blobVerbs: Readonly<Record<string, Operation>> = { GET: 'blob-get', HEAD: 'blob-head', DELETE: 'blob-delete' }
const uploadVerbs: Readonly<Record<string, Operation>> = {
  POST: 'upload-start',
  PATCH: 'upload-append',
  PUT: 'upload-commit',
  GET: 'upload-status',
  DELETE: 'upload-cancel',
}
const manifestVerbs: Readonly<Record<string, Operation>> = {
  GET: 'manifest-get',
  HEAD: 'manifest-head',
  PUT: 'manifest-put',
  DELETE: 'manifest-delete',
}

/**
 * Looks only at the end of the path, so it costs the same for every name and tells even a refused request's
 * intent. It is a label: routing does not depend on it.
 */
export function operationOf(method: string, route: Route, path: string): Operation {
  if (route !== 'oci') return route
  const last = path.lastIndexOf('/')
  const before = path.lastIndexOf('/', last - 1)
  const parent = path.slice(before + 1, last)
  if (parent === 'manifests') return verb(manifestVerbs, method)
  if (parent === 'uploads') return verb(uploadVerbs, method)
  const end = path.slice(last + 1)
  if (parent === 'blobs') return end === 'uploads' ? verb(uploadVerbs, method) : verb(blobVerbs, method)
  if (parent === 'referrers') return 'referrers'
  if (parent === 'tags' && end === 'list') return 'tags'
  if (path === '/v2/_catalog') return 'catalog'
  return path === '/v2/' || path === '/v2' ? 'base' : 'oci-other'
}

const verb = (verbs: Readonly<Record<string, Operation>>, method: string): Operation =>
  Object.hasOwn(verbs, method) ? verbs[method]! : 'oci-other'
