/** The types of events that webhooks may be about, in Harbor's words and order. What follows the tenth is ours. */
export const webhookEventTypes = [
  'PUSH_ARTIFACT',
  'PULL_ARTIFACT',
  'DELETE_ARTIFACT',
  'QUOTA_EXCEED',
  'QUOTA_WARNING',
  'SCANNING_FAILED',
  'SCANNING_STOPPED',
  'SCANNING_COMPLETED',
  'REPLICATION',
  'TAG_RETENTION',
  'CREATE_TAG',
  'DELETE_TAG',
  'QUARANTINE_ARTIFACT',
  'RELEASE_ARTIFACT',
] as const

export type WebhookEventType = (typeof webhookEventTypes)[number]

export const isWebhookEventType = (type: string): type is WebhookEventType =>
  (webhookEventTypes as readonly string[]).includes(type)

/** Types of CloudEvents. */
export const cloudEventTypes: Readonly<Record<WebhookEventType, string>> = {
  PUSH_ARTIFACT: 'harbor.artifact.pushed',
  PULL_ARTIFACT: 'harbor.artifact.pulled',
  DELETE_ARTIFACT: 'harbor.artifact.deleted',
  QUOTA_EXCEED: 'harbor.quota.exceeded',
  QUOTA_WARNING: 'harbor.quota.warned',
  SCANNING_FAILED: 'harbor.scan.failed',
  SCANNING_STOPPED: 'harbor.scan.stopped',
  SCANNING_COMPLETED: 'harbor.scan.completed',
  REPLICATION: 'harbor.replication.status.changed',
  TAG_RETENTION: 'harbor.tag_retention.finished',
  CREATE_TAG: 'berth.tag.created',
  DELETE_TAG: 'berth.tag.deleted',
  QUARANTINE_ARTIFACT: 'berth.artifact.quarantined',
  RELEASE_ARTIFACT: 'berth.artifact.released',
}

/** Who is told: any address, or the chat of one of these products, each in its own form. */
export const notifyTypes = ['http', 'slack', 'teams', 'dingtalk', 'feishu', 'wecom'] as const
export type NotifyType = (typeof notifyTypes)[number]

/** Forms of what an address is sent. `Template` is ours: the text that the target gives. */
export const payloadFormats = ['Default', 'CloudEvents', 'Template'] as const
export type PayloadFormat = (typeof payloadFormats)[number]
