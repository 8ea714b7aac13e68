import { ociErrorBody } from '#contract/oci-errors.ts'
import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import { accountMayListCatalog, mayListCatalog, type Actor } from '../../domain/access/actor.ts'
import { DomainError } from '../../domain/errors.ts'
import type { Authentication } from '../authentication.ts'
import { deleteBlobEndpoint, getBlobEndpoint, headBlobEndpoint } from './blobs.ts'
import { catalogScope, challenge } from './challenge.ts'
import { currentRequestId, notePlace, withRequestId } from '../../domain/request-origin.ts'
import { asDomainError, errorResponse } from './error-response.ts'
import { listCatalogEndpoint, listReferrersEndpoint, listTagsEndpoint } from './lists.ts'
import { deleteManifestEndpoint, getManifestEndpoint, headManifestEndpoint, putManifestEndpoint } from './manifests.ts'
import {
  parseOciPath,
  repositoryOf,
  type OciHandler,
  type OciPath,
  type OciRequest,
  type OciServices,
} from './oci-request.ts'
import {
  appendUploadEndpoint,
  cancelUploadEndpoint,
  createUploadEndpoint,
  finishUploadEndpoint,
  getUploadEndpoint,
  uploadHeaders,
} from './uploads.ts'

/** Every endpoint below a repository and the methods it has. */
const endpoints: Readonly<Partial<Record<OciPath['endpoint'], Readonly<Record<string, OciHandler>>>>> = {
  manifests: {
    GET: getManifestEndpoint,
    HEAD: headManifestEndpoint,
    PUT: putManifestEndpoint,
    DELETE: deleteManifestEndpoint,
  },
  blobs: { GET: getBlobEndpoint, HEAD: headBlobEndpoint, DELETE: deleteBlobEndpoint },
  uploads: { POST: createUploadEndpoint },
  upload: {
    GET: getUploadEndpoint,
    PATCH: appendUploadEndpoint,
    PUT: finishUploadEndpoint,
    DELETE: cancelUploadEndpoint,
  },
  tags: { GET: listTagsEndpoint },
  referrers: { GET: listReferrersEndpoint },
}

export interface OciRouterOptions {
  readonly services: OciServices
  readonly tokenService: string
  /** Origin that clients reach us at, for the token realm. */
  readonly originOf: (request: Request) => string
  /** Reports an unforeseen failure. */
  readonly onError: (error: unknown) => void
}

/** The facts about a request that the router needs, from any listener. */
export interface OciCall {
  readonly request: Request
  /** Path behind `/v2`, still encoded. */
  readonly path: string
  readonly search: string
  readonly authentication: Authentication
  body(): AsyncIterable<Uint8Array> | undefined
}

/** Answers a request below /v2. Never throws. */
export function composeOciRouter(options: OciRouterOptions): (call: OciCall) => Promise<Response> {
  return async (call) => {
    try {
      return await dispatch(options, call)
    } catch (error) {
      return refusal(options, call, error)
    }
  }
}

/** Shared by all requests without one, and never written to. */
const noQuery = new URLSearchParams()

async function dispatch(options: OciRouterOptions, call: OciCall): Promise<Response> {
  const { services } = options
  const { request, authentication } = call
  const path = parseOciPath(call.path)
  if (path === undefined) throw endpointUnknown(call.path)
  const open = authentication.actor.kind === 'open'
  // As in Harbor: without credentials not even public content is served; clients then fetch an anonymous
  // token, so that one who has credentials is always asked for them.
  if (!authentication.authorizationSent && !open) {
    throw new DomainError(
      'UNAUTHENTICATED',
      'authentication is needed; get a token from the service in Www-Authenticate',
    )
  }
  if (path.endpoint === 'base') {
    if (request.method !== 'GET' && request.method !== 'HEAD') return methodNotAllowed(['GET', 'HEAD'])
    if (authentication.failedLogin) throw new DomainError('UNAUTHENTICATED', 'wrong username or password')
    return new Response('{}', {
      headers: { 'content-type': 'application/json' },
    })
  }
  const query = call.search === '' ? noQuery : new URLSearchParams(call.search)
  if (path.endpoint === 'catalog') {
    if (request.method !== 'GET') return methodNotAllowed(['GET'])
    assertMayListCatalog(authentication.actor)
    return await listCatalogEndpoint(services, ociRequest(call, path, query, services))
  }
  const methods = endpoints[path.endpoint] ?? {}
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined
  if (handler === undefined) return methodNotAllowed(Object.keys(methods))
  return await handler(services, ociRequest(call, path, query, services))
}

/** @throws DomainError UNAUTHENTICATED when credentials, or a token with another scope, could help; else FORBIDDEN */
function assertMayListCatalog(actor: Actor): void {
  if (mayListCatalog(actor)) return
  if (accountMayListCatalog(actor)) {
    throw new DomainError(
      'UNAUTHENTICATED',
      `this token does not list every repository; get one with the scope ${catalogScope}`,
    )
  }
  throw new DomainError(
    actor.kind === 'anonymous' ? 'UNAUTHENTICATED' : 'FORBIDDEN',
    'only a system administrator may list every repository',
  )
}

/** 404: clients that probe for an extension take it, and nothing else, for "not supported". */
function endpointUnknown(path: string): DomainError {
  const shown = `/v2${path.slice(0, 200)}`
  return new DomainError(
    'ENDPOINT_UNKNOWN',
    `${shown} is no endpoint of /v2; compare it with the distribution specification`,
  )
}

function ociRequest(call: OciCall, path: OciPath, query: URLSearchParams, services: OciServices): OciRequest {
  const repository = path.endpoint === 'catalog' ? ('' as RepositoryName) : repositoryOf(services, path.name)
  if (repository !== '') notePlace({ project: projectOf(repository), repository })
  return {
    request: call.request,
    actor: call.authentication.actor,
    query,
    name: path.name,
    repository,
    reference: path.reference,
    body: () => call.body(),
  }
}

function refusal(options: OciRouterOptions, call: OciCall, thrown: unknown): Response {
  const response = errorResponse(thrown)
  const error = asDomainError(thrown)
  if (response === undefined || error === undefined) {
    options.onError(thrown)
    const detail = { request_id: currentRequestId() }
    const body = ociErrorBody([{ code: 'UNSUPPORTED', message: withRequestId('internal server error'), detail }])
    return new Response(JSON.stringify(body), {
      status: 500,
      headers: { 'content-type': 'application/json' },
    })
  }
  // A cause below us is for the operator; the client has been told what to do.
  if (error.cause !== undefined) options.onError(error)
  if (response.status === 401) {
    response.headers.set('www-authenticate', challenge(options, call))
  }
  if (error.code === 'UPLOAD_OFFSET_WRONG' && typeof error.detail?.offset === 'number') {
    const path = parseOciPath(call.path)
    if (path !== undefined) {
      for (const [name, value] of Object.entries(uploadHeaders(path.name, path.reference, error.detail.offset))) {
        response.headers.set(name, value)
      }
    }
  }
  return response
}

function methodNotAllowed(allowed: readonly string[]): Response {
  const body = { errors: [{ code: 'UNSUPPORTED', message: `this endpoint knows only ${allowed.join(', ')}` }] }
  return new Response(JSON.stringify(body), {
    status: 405,
    headers: { 'content-type': 'application/json', allow: allowed.join(', ') },
  })
}
