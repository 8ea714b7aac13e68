/**
 * The guides of the registry by the task that they help with: files of docs/guides, pages of /docs. Console, command line and
 * server name them by these words.
 */
export const guideGroups = {
  install: ['getting-started', 'requirements', 'operating', 'kubernetes', 'packages', 'air-gap', 'tls'],
  run: ['monitoring', 'troubleshooting', 'storage', 'object-storage', 'cleaning-up', 'disaster', 'game-day', 'sizing'],
  secure: ['identities', 'hardening', 'secrets', 'signatures', 'signing', 'audit-log', 'elk'],
  use: [
    'console',
    'images-and-charts',
    'scanning',
    'policies',
    'scan-in-ci',
    'retention',
    'proxy-cache',
    'replication',
    'webhooks',
    'events',
    'api',
  ],
  migrate: ['moving-in'],
} as const

export type GuideGroup = keyof typeof guideGroups
export type Guide = (typeof guideGroups)[GuideGroup][number]

export const guides: readonly Guide[] = Object.values(guideGroups).flat()

export const docsPrefix = '/docs'

/** Whether a path (without its query) is one of the documentation's. */
export const isDocsPath = (path: string): boolean => path === docsPrefix || path.startsWith(`${docsPrefix}/`)

/** Where the process serves a guide, in English or in Chinese. */
export const guidePath = (guide: Guide, language: 'en' | 'zh-CN' = 'en'): string =>
  language === 'en' ? `${docsPrefix}/${guide}` : `${docsPrefix}/${language}/${guide}`

/** What a refusal means and what to do: the row of the page that has every code. */
export const helpPath = (code: string, language: 'en' | 'zh-CN' = 'en'): string =>
  `${guidePath('troubleshooting', language)}#${code.toLowerCase()}`
