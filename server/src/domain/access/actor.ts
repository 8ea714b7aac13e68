import type { TokenAccess } from '#contract/token-scope.ts'
import type { Duty } from './roles/duties.ts'
import type { RobotRights } from './robots/robot-rights.ts'

/**
 * Who asks. `access` is there when the actor came with an access token: it may then do no more than
 * the token says, and no more than its account may do at this moment.
 */
export type Actor =
  | { readonly kind: 'anonymous'; readonly access?: readonly TokenAccess[] }
  | {
      readonly kind: 'user'
      readonly id: number
      readonly username: string
      readonly admin: boolean
      /** What they administer besides; no system administrator has one. */
      readonly duty?: Duty
      /** Duties that somebody has: of system administrators alone. */
      readonly apart?: readonly Duty[]
      /** The account's version when they came in: with another one they have to come in again (current-actor.ts). */
      readonly version?: number
      /** The session that they came with: what `session.id_hash` says of it. */
      readonly session?: string
      /** There when they came with a personal token: they may do no more than it says, and nothing in the system. */
      readonly limits?: ActorLimits
      readonly access?: readonly TokenAccess[]
      /** When the token was issued (ms); tokens older than a project's creation give nothing in it. */
      readonly tokenIssuedAt?: number
    }
  /** A machine account: it may do what `rights` say and what everyone may. */
  | {
      readonly kind: 'robot'
      readonly id: number
      /** As it signs in, with its prefix: `robot$library+ci`. */
      readonly username: string
      readonly rights: RobotRights
      /** As for users. */
      readonly version?: number
      readonly access?: readonly TokenAccess[]
      readonly tokenIssuedAt?: number
    }
  /** `berth serve --open`: the laptop registry without accounts. */
  | { readonly kind: 'open' }
  /** The program itself: seeds, jobs, the command line. */
  | { readonly kind: 'system'; readonly name: string; readonly runId?: number }

/** What a personal token narrows its owner to. */
export interface ActorLimits {
  readonly tokenId: number
  /** Undefined: every project of theirs. */
  readonly projectIds: ReadonlySet<number> | undefined
  /** `resource:action` in projects. */
  readonly permissions: ReadonlySet<string>
  /** When the token ends (ms); not there when it does not. */
  readonly expiresAt?: number
}

export const anonymous: Actor = { kind: 'anonymous' }

/** A stable name for rows and logs: `user:3`, `robot:7`, `anonymous`, `open`, `system:cli`. */
export function actorKey(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
    case 'robot':
      return `${actor.kind}:${actor.id}`
    case 'system':
      return `system:${actor.name}`
    default:
      return actor.kind
  }
}

/** The run of a policy in whose name the program acts; undefined for all others. */
export const runOf = (actor: Actor): number | undefined => (actor.kind === 'system' ? actor.runId : undefined)

/** What people call the actor: a username, or what kind of actor it is. */
export function actorName(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
    case 'robot':
      return actor.username
    case 'system':
      return actor.name
    default:
      return actor.kind
  }
}

/** What the actor's access token says; undefined when it did not come with one. */
export function tokenAccessOf(actor: Actor): readonly TokenAccess[] | undefined {
  return actor.kind === 'open' || actor.kind === 'system' ? undefined : actor.access
}

/** What the actor's personal token leaves them; undefined when they did not come with one. */
export function limitsOf(actor: Actor): ActorLimits | undefined {
  return actor.kind === 'user' ? actor.limits : undefined
}

/**
 * Whether the actor is a system administrator; what an access token of theirs may do is the token's business. With a
 * personal token nobody is one: it is for projects.
 */
export function isSystemAdministrator(actor: Actor): boolean {
  if (actor.kind === 'user') return actor.admin && actor.limits === undefined
  return actor.kind === 'open' || actor.kind === 'system'
}

/** The list of all repositories names every project: for administrators and robots that were given it. */
export function accountMayListCatalog(actor: Actor): boolean {
  return isSystemAdministrator(actor) || (actor.kind === 'robot' && actor.rights.system.has('catalog:read'))
}

/** The same for the actor as they came: by token only if it says so. */
export function mayListCatalog(actor: Actor): boolean {
  const may = accountMayListCatalog(actor)
  const access = tokenAccessOf(actor)
  if (!may || access === undefined) return may
  return access.some(({ type, name, actions }) => type === 'registry' && name === 'catalog' && actions.includes('*'))
}
