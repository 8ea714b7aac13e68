import type { RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import type { Actor } from './actor.ts'

/**
 * The operations that read content: `/v2` pulls, and the API looks into an artifact with rights of their own. `copy-from` reads
 * what is about to lie in another repository: it asks for the right to look, and for the policies of a pull. `replicate` reads
 * what is about to lie in another registry: beside the policies of a pull, its project must let it leave.
 */
export type Reading = 'pull' | 'copy-from' | 'replicate' | 'read-artifact' | 'read-addition'

/**
 * The operations that bring content into a repository. `fill` admits content that the registry itself brings in for
 * somebody who may only pull: what a pull-through reader fetched for them. No door of a client asks for it.
 */
export type Bringing = 'push' | 'copy' | 'fill'

/** The operations that take something away, each with a right of its own as in Harbor. */
export type Removing = 'delete' | 'untag' | 'delete-repository'

/** What an actor wants to do with a repository; each has its list of gates in domain/policies. */
export type Operation = Reading | Bringing | 'tag' | Removing

declare const passed: unique symbol

/**
 * Proof that every door gate of `operation` let `actor` pass for this repository. Verbs of content and
 * artifacts take it as their first argument, so a door that forgot the gates does not compile.
 * Only domain/policies makes one.
 */
export interface Admission<Allowed extends Operation = Operation> {
  readonly [passed]: Allowed
  readonly operation: Allowed
  readonly actor: Actor
  readonly projectId: number
  /** The remote registry that the project is a cache of. */
  readonly upstreamId: number | undefined
  readonly repositoryName: RepositoryName
  /** Undefined while nothing was ever pushed to it. */
  readonly repositoryId: number | undefined
  /**
   * Asks the door gates once more, as the actor, its account and its rights are at this moment. In the transaction that
   * acknowledges, before it changes anything: between the door and that moment lies a body, which may take hours.
   * @throws DomainError UNAUTHENTICATED, FORBIDDEN, PROJECT_UNKNOWN, and what else the door gates say
   */
  confirm(reader: Reader): Promise<void>
}
