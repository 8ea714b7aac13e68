import { eventKind, type OnProject } from './event-kind.ts'

type OnImmutabilityRule = OnProject & { readonly ruleId: number }
type OnRetentionPolicy = OnProject & { readonly policyId: number }

const projectName = ({ project }: OnProject): string => project

/** Immutability rules, retention policies, and the CVE allowlist of the registry. */
export const policyEvents = {
  create_immutable: eventKind<OnImmutabilityRule>(projectName),
  update_immutable: eventKind<OnImmutabilityRule>(projectName),
  delete_immutable: eventKind<OnImmutabilityRule>(projectName),
  create_retention: eventKind<OnRetentionPolicy>(projectName),
  update_retention: eventKind<OnRetentionPolicy>(projectName),
  delete_retention: eventKind<OnRetentionPolicy>(projectName),
  /** A run has removed something from a repository. `deleted`: `:tag` and `@digest`, the first of them. */
  finish_retention: eventKind<
    Omit<OnRetentionPolicy, 'project'> & {
      readonly repository: string
      readonly total: number
      readonly retained: number
      readonly deleted: readonly string[]
    }
  >(({ repository }) => repository),
  update_cve_allowlist: eventKind<{ readonly items: number }>(() => 'system CVE allowlist'),
}
