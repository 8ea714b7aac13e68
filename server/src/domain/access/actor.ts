import type { TokenAccess } from '#contract/token-scope.ts'

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
      readonly access?: readonly TokenAccess[]
      /** When the token was issued (ms); tokens older than a project's creation give nothing in it. */
      readonly tokenIssuedAt?: number
    }
  /** `berth serve --open`: the laptop registry without accounts. */
  | { readonly kind: 'open' }
  /** The program itself: seeds, jobs, the command line. */
  | { readonly kind: 'system'; readonly name: string }

export const anonymous: Actor = { kind: 'anonymous' }

/** A stable name for rows and logs: `user:3`, `anonymous`, `open`, `system:cli`. */
export function actorKey(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
      return `user:${actor.id}`
    case 'system':
      return `system:${actor.name}`
    default:
      return actor.kind
  }
}

/** Whether the actor is a system administrator; what a token of theirs may do is the token's business. */
export function isSystemAdministrator(actor: Actor): boolean {
  return actor.kind === 'open' || actor.kind === 'system' || (actor.kind === 'user' && actor.admin)
}

/** The list of all repositories names every project: system administrators only, by token only if it says so. */
export function mayListCatalog(actor: Actor): boolean {
  if (!isSystemAdministrator(actor)) return false
  if (actor.kind !== 'user' || actor.access === undefined) return true
  return actor.access.some(
    ({ type, name, actions }) => type === 'registry' && name === 'catalog' && actions.includes('*'),
  )
}
