import { useTranslations } from 'use-intl'
import type { Messages } from '../../../i18n/languages.ts'

type Catalogue = Messages['audit']
type Event = keyof Catalogue['events']
type Operation = keyof Catalogue['operations']
type Resource = keyof Catalogue['resources']

/** How an action is said: one sentence of its own, a verb with a noun, or the words of the API where they are new here. */
export type ActionWords =
  | { readonly event: Event }
  | { readonly operation: Operation; readonly resource: Resource }
  | { readonly raw: string }

/** Events whose verb and noun do not say in the reader's words what happened. */
const events: readonly Event[] = [
  'create_artifact',
  'login_user',
  'logout_user',
  'create_passkey',
  'delete_passkey',
  'use_recovery_code',
  'renew_recovery_codes',
  'quota_warning',
  'quota_exceeded',
  'start_job',
  'empty_trash',
  'purge_audit_log',
  'create_audit_checkpoint',
  'read_audit_log',
  'export_audit_log',
  'step_clock',
  'rotate_signing_key',
  'create_signature_key',
  'rotate_signature_key',
  'revoke_signature_key',
  'sign_artifact',
  'request_signature',
  'reject_signature',
  'seal_secrets',
  'rotate_secrets',
  'reset_secrets',
  'quarantine_blob',
  'heal_blob',
  'refuse_pull',
  'quarantine_artifact',
  'release_artifact',
  'reject_artifact',
  'create_protected_tag',
  'update_protected_tag',
  'delete_protected_tag',
  'finish_retention',
  'hold_replication',
  'release_replication',
  'refuse_replication',
  'redeliver_webhook',
  'test_webhook',
  'create_certificate_authority',
  'renew_certificate_issuer',
  'issue_certificate',
  'fail_certificate',
  'request_certificate',
]

export const operations: readonly Operation[] = [
  'create',
  'update',
  'delete',
  'pull',
  'login',
  'logout',
  'add',
  'remove',
  'restore',
  'start',
  'stop',
  'pause',
  'resume',
]

export const resources: readonly Resource[] = [
  'artifact',
  'artifact_label',
  'backup',
  'configuration',
  'cve_allowlist',
  'immutable',
  'job',
  'job_queue',
  'label',
  'member',
  'personal_token',
  'policy_exemption',
  'project',
  'pull_policy',
  'quota',
  'registry',
  'replication',
  'replication_policy',
  'repository',
  'retention',
  'robot',
  'role',
  'schedule',
  'tag',
  'trust_rule',
  'user',
  'user_group',
  'webhook',
]

/** `create` and `tag` are the two halves of a type of event. */
export function actionWords(operation: string, resource: string): ActionWords {
  const type = `${operation}_${resource}`
  const event = events.find((each) => each === type)
  if (event !== undefined) return { event }
  const verb = operations.find((each) => each === operation)
  const noun = resources.find((each) => each === resource)
  if (verb !== undefined && noun !== undefined) return { operation: verb, resource: noun }
  return { raw: type.replaceAll('_', ' ') }
}

/** What somebody did, in the reader's language. */
export function useActionName(): (record: { operation: string; resource_type: string }) => string {
  const t = useTranslations('audit')
  return ({ operation, resource_type: type }) => {
    const words = actionWords(operation, type)
    if ('raw' in words) return words.raw
    if ('event' in words) return t(`events.${words.event}`)
    return t('action', { operation: t(`operations.${words.operation}`), resource: t(`resources.${words.resource}`) })
  }
}
