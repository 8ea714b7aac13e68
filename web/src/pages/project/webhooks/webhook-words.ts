import { useTranslations } from 'use-intl'
import type { RowOf } from '../../../api/client.ts'
import type { Messages } from '../../../i18n/languages.ts'

export type Webhook = RowOf<'GET /projects/{project_name_or_id}/webhook/policies'>
export type Target = Webhook['targets'][number]
export type Delivery = RowOf<'GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions'>

type Words = Messages['webhooks']

export const events: readonly (keyof Words['events'])[] = [
  'PUSH_ARTIFACT',
  'PULL_ARTIFACT',
  'DELETE_ARTIFACT',
  'CREATE_TAG',
  'DELETE_TAG',
  'QUARANTINE_ARTIFACT',
  'RELEASE_ARTIFACT',
  'SCANNING_COMPLETED',
  'SCANNING_FAILED',
  'SCANNING_STOPPED',
  'QUOTA_EXCEED',
  'QUOTA_WARNING',
  'TAG_RETENTION',
  'REPLICATION',
]

export const targetTypes: readonly (keyof Words['types'])[] = ['http', 'slack', 'teams', 'dingtalk', 'feishu', 'wecom']

/** Names of types of events and of targets; the API's own word for one that this console does not know. */
export function useWebhookWords() {
  const t = useTranslations('webhooks')
  const inList = <Key extends string>(list: readonly Key[], word: string): Key | undefined =>
    list.find((each) => each === word)
  return {
    event: (word: string): string => {
      const known = inList(events, word)
      return known === undefined ? word : t(`events.${known}`)
    },
    type: (word: string): string => {
      const known = inList(targetTypes, word)
      return known === undefined ? word : t(`types.${known}`)
    },
  }
}

export const tones = {
  Success: 'good',
  Error: 'bad',
  Running: 'warn',
  Pending: 'neutral',
  Stopped: 'neutral',
} as const

export const isStatus = (status: string): status is keyof typeof tones => Object.hasOwn(tones, status)
