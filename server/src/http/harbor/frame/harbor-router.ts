import type { z } from 'zod'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import { currentActor } from '../../../domain/access/current-actor.ts'
import { anonymous, isSystemAdministrator, tokenAccessOf } from '../../../domain/access/actor.ts'
import {
  assertCanInProject,
  assertCanInSystem,
  assertSecurityAdministrator,
  assertSystemAdministrator,
  can,
} from '../../../domain/access/roles/authorise.ts'
import { DomainError } from '../../../domain/errors.ts'
import { noteOperation, notePlace, withRequestId } from '../../../domain/request-origin.ts'
import type { ProjectAccess } from '../../../domain/projects/project-access.ts'
import type { Authentication } from '../../authentication.ts'
import { asDomainError } from '../../oci/error-response.ts'
import { announcesBody, assertBytesType, assertJsonType } from './body-type.ts'
import { harborError, harborErrorOf } from './harbor-error.ts'
import { findPathProject, withoutProject } from './project-param.ts'
import { JsonText } from './paging.ts'
import { sentenceOf } from './refused-value.ts'
import type { Answer, Call, Route } from './route.ts'
import { RouteTable } from './route-table.ts'
import type { HarborServices } from './services.ts'

/** One request below /api/v2.0, after authentication. */
export interface HarborCall {
  readonly request: Request
  /** Behind `/api/v2.0`, still encoded. */
  readonly path: string
  readonly search: string
  readonly authentication: Authentication
  readonly clientAddress: string
  readonly requestId: string
  body(): AsyncIterable<Uint8Array> | undefined
}

export interface HarborRouterOptions {
  readonly services: HarborServices
  readonly routes: readonly Route[]
  readonly onError: (error: unknown) => void
}

export const apiPrefix = '/api/v2.0'

/** Answers requests of Harbor's API: route → authorise → body → validate → handle → present. Never throws. */
export function composeHarborRouter({
  services,
  routes,
  onError,
}: HarborRouterOptions): (call: HarborCall) => Promise<Response> {
  const table = new RouteTable(routes)
  return async (call) => {
    try {
      // No name, value or text here has it, and PostgreSQL's text cannot.
      if (encodedNul.test(call.path) || encodedNul.test(call.search))
        return harborError(400, 'BAD_REQUEST', 'the address has the character NUL in it; leave it out')
      const match = table.find(call.request.method, call.path)
      if (match.kind === 'unknown')
        return harborError(404, 'NOT_FOUND', `path ${apiPrefix}${call.path.slice(0, 200)} was not found`)
      if (match.kind === 'method-not-allowed') {
        const allow = match.allowed.join(', ')
        return harborError(
          405,
          'METHOD_NOT_ALLOWED',
          `method ${call.request.method} is not allowed, but [${allow}] are`,
          { allow },
        )
      }
      const { route, params } = match
      noteOperation(route.operationId)
      const asked = withoutAccessToken(call)
      const project = await authorise(route, asked, params, services)
      if (project !== undefined) notePlace(placeOf(project, params))
      if (route.stream === true) assertBytesType(call.request)
      else if (announcesBody(call.request)) assertJsonType(call.request)
      const heard =
        route.body === undefined
          ? { call: asked, project, body: undefined }
          : await withBody(route, asked, params, services)
      return present(await route.handle({ ...validated(route, params, heard), report: onError }, services))
    } catch (thrown) {
      const error = asDomainError(thrown)
      if (error !== undefined) {
        if (error.cause !== undefined) onError(error)
        return harborErrorOf(error)
      }
      onError(thrown)
      return harborError(500, 'UNKNOWN', withRequestId('internal server error'))
    }
  }
}

const encodedNul = /%00/

function placeOf({ project: { name } }: ProjectAccess, { repository_name: rest }: Readonly<Record<string, string>>) {
  return rest === undefined ? { project: name } : { project: name, repository: `${name}/${rest}` }
}

/** Access tokens are for /v2: here who comes with one is nobody. */
function withoutAccessToken(call: HarborCall): HarborCall {
  const { authentication } = call
  if (tokenAccessOf(authentication.actor) === undefined) return call
  return { ...call, authentication: { ...authentication, actor: anonymous } }
}

/** A request with everything that was read for it. */
interface Heard {
  readonly call: HarborCall
  readonly project: ProjectAccess | undefined
  /** As JSON; undefined without one. */
  readonly body: unknown
}

/**
 * Reads the body, and asks once more who asks and what they may: a body may take hours to come, and its sender may have
 * lost account, session or rights since its first byte.
 * @throws DomainError as `authorise`, and UNAUTHENTICATED when what the actor came with is worth nothing any more
 */
async function withBody(
  route: Route,
  asked: HarborCall,
  params: Readonly<Record<string, string>>,
  services: HarborServices,
): Promise<Heard> {
  const body = await readJson(asked)
  const { authentication } = asked
  const actor = await currentActor(services.database.read, authentication.actor, services.clock.now())
  const call = { ...asked, authentication: { ...authentication, actor } }
  return { call, project: await authorise(route, call, params, services), body }
}

async function authorise(
  { access }: Route,
  { request, authentication: { actor } }: HarborCall,
  params: Readonly<Record<string, string>>,
  { database }: HarborServices,
): Promise<ProjectAccess | undefined> {
  if (access.kind === 'signed-in' && actor.kind === 'anonymous') throw unauthorized()
  if (access.kind === 'system-administrator') assertSystemAdministrator(actor)
  if (access.kind === 'security-administrator') assertSecurityAdministrator(actor)
  if (access.kind === 'system') assertCanInSystem(actor, access.permission)
  if (access.kind !== 'project') return undefined
  const { said, found: project } = await findPathProject(database, actor, request, params)
  // Who may see every project may also hear that this one is not there; nobody else learns the difference.
  if (project === undefined && isSystemAdministrator(actor))
    throw new DomainError('PROJECT_UNKNOWN', `project ${said} not found`)
  const other = access.or
  if (other === undefined || !can(actor, other, project)) assertCanInProject(actor, access.permission, project, said)
  return project
}

function unauthorized(): DomainError {
  return new DomainError('UNAUTHENTICATED', 'unauthorized')
}

function validated(
  route: Route,
  params: Readonly<Record<string, string>>,
  { call, project, body: sent }: Heard,
): Omit<Call<unknown, unknown, unknown>, 'report'> {
  const problems: string[] = []
  const parse = (schema: z.ZodType | undefined, value: unknown, place: string): unknown => {
    if (schema === undefined) return value
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues)
      problems.push(`${issue.path.join('.') || 'value'} in ${place} ${sentenceOf(issue, value)}`)
    return undefined
  }
  const query = parse(route.query, Object.fromEntries(new URLSearchParams(call.search)), 'query')
  const path = parse(route.params, withoutProject(params), 'path')
  const body = parse(route.body, sent === null ? {} : withoutNulls(sent), 'body')
  if (problems.length > 0) throw new ValidationFailure(problems)
  return {
    request: call.request,
    actor: call.authentication.actor,
    params: path,
    query,
    body,
    path: `${apiPrefix}${call.path}`,
    search: call.search,
    clientAddress: call.clientAddress,
    requestId: call.requestId,
    project,
    content: () => call.body() ?? noBytes(),
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array, void> {}

/** As in Harbor, a field that is null is a field that was left out: Go's clients write every one that they do not set. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]])),
  )
}

/** What a schema refuses, in the sentence Harbor's clients know. */
class ValidationFailure extends DomainError {
  constructor(problems: readonly string[]) {
    super('VALIDATION', `validation failure list:\n${problems.join('\n')}`)
  }
}

async function readJson(call: HarborCall): Promise<unknown> {
  const { maxBytes } = budgets.requestBody
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of call.body() ?? []) {
    if (length === 0 && chunk.byteLength > 0) assertJsonType(call.request)
    length += chunk.byteLength
    if (length > maxBytes)
      throw new DomainError('MANIFEST_TOO_LARGE', `a request may have ${maxBytes} bytes at the most`)
    chunks.push(chunk)
  }
  return length === 0 ? undefined : parseForeignJson(Buffer.concat(chunks), budgets.requestBody)
}

function present(answer: Answer): Response {
  if (answer instanceof Response) return answer
  const { status = 200, body, headers = {} } = answer
  if (body === undefined) return new Response(null, { status, headers: { ...headers, 'content-length': '0' } })
  const json = { 'content-type': 'application/json' }
  const text = body instanceof JsonText ? body.text : JSON.stringify(body)
  const length = { 'content-length': String(Buffer.byteLength(text) + 1) }
  return new Response(`${text}\n`, { status, headers: { ...json, ...length, ...headers } })
}
