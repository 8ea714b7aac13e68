import { eventKind, type OnProject } from './event-kind.ts'

type OnPolicy = OnProject & { readonly policyId: number; readonly policy: string }

const policyName = ({ project, policy }: OnPolicy): string => `${project}/${policy}`

/** Whom projects tell of what happens in them. */
export const webhookEvents = {
  create_webhook: eventKind<OnPolicy>(policyName),
  update_webhook: eventKind<OnPolicy & { readonly changed: readonly string[] }>(policyName),
  delete_webhook: eventKind<OnPolicy>(policyName),
  redeliver_webhook: eventKind<OnPolicy & { readonly deliveries: number }>(policyName),
  test_webhook: eventKind<OnPolicy>(policyName),
}
