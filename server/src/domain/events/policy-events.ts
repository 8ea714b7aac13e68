import { eventKind, type InRepository, type OnProject, type PerhapsInProject } from './event-kind.ts'

type OnImmutabilityRule = OnProject & { readonly ruleId: number }
/** `movers`: names of accounts; none: those with the permission. */
interface OnProtectedTag {
  readonly projectId: number
  readonly ruleId: number
  readonly repositories: string
  readonly tags: string
  readonly movers: readonly string[]
}
type OnRetentionPolicy = OnProject & { readonly policyId: number }

type OnPullPolicy = PerhapsInProject & { readonly policyId: number; readonly policy: string }
type OnExemption = PerhapsInProject & {
  readonly exemptionId: number
  /** Empty: all. */
  readonly policy: string
  readonly reason: string
}

const policyName = ({ policy }: { readonly policy: string }): string => policy
const selectorOf = ({ repositories, tags }: OnProtectedTag): string => `${repositories}:${tags}`
const projectName = ({ project }: OnProject): string => project

/** Immutability rules, retention policies, policies about pulls, and the CVE allowlist of the registry. */
export const policyEvents = {
  create_immutable: eventKind<OnImmutabilityRule>(projectName),
  update_immutable: eventKind<OnImmutabilityRule>(projectName),
  delete_immutable: eventKind<OnImmutabilityRule>(projectName),
  create_protected_tag: eventKind<OnProtectedTag>(selectorOf),
  update_protected_tag: eventKind<OnProtectedTag>(selectorOf),
  delete_protected_tag: eventKind<OnProtectedTag>(selectorOf),
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
  create_pull_policy: eventKind<OnPullPolicy & { readonly mode: string }>(policyName),
  update_pull_policy: eventKind<OnPullPolicy & { readonly mode: string }>(policyName),
  delete_pull_policy: eventKind<OnPullPolicy>(policyName),
  create_policy_exemption: eventKind<OnExemption>(({ policy }) => policy || 'all policies'),
  delete_policy_exemption: eventKind<OnExemption>(({ policy }) => policy || 'all policies'),
  /** Once an hour for each actor, artifact and policy; `mode` tells whether it was refused or let pass. */
  refuse_pull: eventKind<
    InRepository & { readonly policy: string; readonly mode: 'warn' | 'audit' | 'enforce'; readonly cause: string }
  >(({ repository, digest }) => `${repository}@${digest}`),
  /** Held since its push; `username` pushed it. */
  quarantine_artifact: eventKind<InRepository & { readonly tags: readonly string[]; readonly username: string }>(
    ({ repository, digest }) => `${repository}@${digest}`,
  ),
  /** `reason`: somebody released it by hand. */
  release_artifact: eventKind<InRepository & { readonly tags: readonly string[]; readonly reason?: string }>(
    ({ repository, digest }) => `${repository}@${digest}`,
  ),
  /** Deleted out of quarantine, by hand or because its time was over. */
  reject_artifact: eventKind<InRepository & { readonly tags: readonly string[]; readonly reason: string }>(
    ({ repository, digest }) => `${repository}@${digest}`,
  ),
  update_cve_allowlist: eventKind<{ readonly items: number }>(() => 'system CVE allowlist'),
}
