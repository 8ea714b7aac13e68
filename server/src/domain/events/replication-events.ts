import { eventKind, type OnProject } from './event-kind.ts'

interface OnRule {
  readonly policyId: number
  readonly policy: string
}

const policyName = ({ policy }: OnRule): string => policy

/** Rules that bring content from one registry to another, and their runs. */
export const replicationEvents = {
  create_replication_policy: eventKind<OnRule>(policyName),
  update_replication_policy: eventKind<OnRule & { readonly changed: readonly string[] }>(policyName),
  delete_replication_policy: eventKind<OnRule>(policyName),
  start_replication: eventKind<OnRule & { readonly executionId: number; readonly mode: string }>(policyName),
  stop_replication: eventKind<OnRule & { readonly executionId: number }>(policyName),
  /** A rule was about to delete so much that a person has to say that it may. */
  hold_replication: eventKind<OnRule & { readonly deletions: number }>(policyName),
  /** A person said what becomes of deletions that waited. */
  release_replication: eventKind<OnRule & { readonly tasks: number; readonly dropped: boolean }>(policyName),
  /** Content of a project that must not leave was about to. */
  refuse_replication: eventKind<OnRule & OnProject & { readonly repository: string }>(({ repository }) => repository),
}
