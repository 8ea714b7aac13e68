import type { z } from 'zod'
import type { Actor } from '../../../domain/access/actor.ts'
import type { SystemPermission } from '../../../domain/access/roles/grantable-permissions.ts'
import type { Permission } from '../../../domain/access/roles/permissions.ts'
import type { ProjectAccess } from '../../../domain/projects/project-access.ts'
import type { HarborServices } from './services.ts'

/**
 * Who may call an operation. Asked before anything of the request but its path is looked at.
 * `system`: system administrators, and robots that were given the permission.
 * `project`: the permission in the project that the path names (`{project_name_or_id}` or `{project_name}`). With `or`, one of the two opens
 * the door, and the handler asks for the one that the body needs.
 * `own-rule`: the handler or its domain verb decides; `why` says how, for the reader and the reference page.
 */
export type RouteAccess =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'signed-in' }
  | { readonly kind: 'system-administrator' }
  /** System administrators only as long as nobody has the duty. */
  | { readonly kind: 'security-administrator' }
  | { readonly kind: 'system'; readonly permission: SystemPermission }
  | { readonly kind: 'project'; readonly permission: Permission; readonly or?: Permission }
  | { readonly kind: 'own-rule'; readonly why: string }

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One request after routing, authorisation and validation. */
export interface Call<Params, Query, Body> {
  readonly request: Request
  readonly actor: Actor
  readonly params: Params
  readonly query: Query
  readonly body: Body
  /** Path without the query, as the client wrote it. */
  readonly path: string
  /** The query as the client wrote it, for the links of a paged list. */
  readonly search: string
  readonly clientAddress: string
  readonly requestId: string
  /** The project that the path names; there for access `project`. */
  readonly project: ProjectAccess | undefined
  /** The bytes of the body as they come, of an operation that takes a `stream`. */
  content(): AsyncIterable<Uint8Array>
  /** Tells the log of an error that the answer does not have the words of. */
  report(error: unknown): void
}

/** What a handler answers: presented as JSON, or as the Response it is. */
export type Answer =
  | Response
  | { readonly status?: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }

export interface RouteDeclaration<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
> {
  readonly method: Method
  /** As in Harbor's API, below /api/v2.0: `/projects/{project_name_or_id}/members`. */
  readonly path: string
  readonly tag: string
  readonly operationId: string
  readonly summary: string
  readonly access: RouteAccess
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  /**
   * The body is bytes, application/octet-stream, and the handler reads them. They may take hours to come: the verb that takes them asks for the
   * right again in its transaction.
   */
  readonly stream?: true
  /** Schemas of the answers by status; null for one without a body. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>
  readonly handle: (
    call: Call<z.output<Params>, z.output<Query>, z.output<Body>>,
    services: HarborServices,
  ) => Promise<Answer>
}

/** A declaration whose types only its handler needs to know. */
export type Route = Omit<RouteDeclaration, 'handle'> & {
  readonly handle: (call: Call<unknown, unknown, unknown>, services: HarborServices) => Promise<Answer>
}

/** Keeps the types of params, query and body together with their handler. */
export function route<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
  declaration: RouteDeclaration<Params, Query, Body>,
): Route {
  return declaration as unknown as Route
}
