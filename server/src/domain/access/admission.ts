import type { RepositoryName } from '#contract/repository-name.ts'
import type { Actor } from './actor.ts'

/** What an actor wants to do with a repository; each has its list of gates in domain/policies. */
export type Operation = 'pull' | 'push' | 'delete'

declare const passed: unique symbol

/**
 * Proof that every gate of `operation` let `actor` pass for this repository. Verbs of content and
 * artifacts take it as their first argument, so a door that forgot the gates does not compile.
 * Only domain/policies makes one.
 */
export interface Admission<Allowed extends Operation = Operation> {
  readonly [passed]: Allowed
  readonly operation: Allowed
  readonly actor: Actor
  readonly projectId: number
  readonly repositoryName: RepositoryName
  /** Undefined while nothing was ever pushed to it. */
  readonly repositoryId: number | undefined
}
