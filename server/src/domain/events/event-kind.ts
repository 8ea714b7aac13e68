import type { Flag } from '../../database/schema/columns.ts'

/** One type of event: the fields it carries, and how the audit log names it. */
export interface EventKind<Fields> {
  /** The thing it happened to, in the words of the audit log: `library/app:v1`, a username, a project's name. */
  readonly resource: (fields: Fields) => string
  /** Harbor's verb, where it is not the first word of the type. Harbor calls a push the creation of an artifact. */
  readonly auditedAs?: string
}

/** A line of a noun's table. `Fields` never hold the value of a secret. */
export function eventKind<Fields>(
  resource: (fields: Fields) => string,
  options: { readonly auditedAs?: string } = {},
): EventKind<Fields> {
  return { resource, ...options }
}

/** Fields of what happened in a repository. */
export interface InRepository {
  readonly projectId: number
  /** Full name, `project/rest`. */
  readonly repository: string
  readonly digest: string
}

/** Fields of what happened to a project. */
export interface OnProject {
  readonly projectId: number
  readonly project: string
}

/** Fields of what belongs to a project, or to the registry itself. */
export interface PerhapsInProject {
  readonly projectId?: number
}

/** A row of `event`, without the id that the database gives it. */
export interface EventRow {
  readonly type: string
  readonly occurred_at: number
  readonly actor: string
  readonly project_id: number | null
  readonly resource: string
  readonly payload: string
  readonly username: string
  readonly client_address: string
  readonly succeeded: Flag
}
