import type { Guide } from '#contract/guides.ts'

/** A guide of this registry, and the part of it that a page is about, by its anchor in each language. */
export interface GuideReference {
  readonly guide: Guide
  readonly anchors?: { readonly en: string; readonly 'zh-CN': string }
}

const part = (guide: Guide, en: string, zh: string): GuideReference => ({ guide, anchors: { en, 'zh-CN': zh } })

/** The guide of each page of the console. A test asks whether these places exist. */
export const pageGuides = {
  home: { guide: 'console' },
  firstImage: part('getting-started', 'the-first-image', '推送第一个镜像'),
  projects: part('getting-started', 'accounts-projects-roles', '账号项目与角色'),
  repository: { guide: 'images-and-charts' },
  artifact: { guide: 'images-and-charts' },
  vulnerabilities: part('scanning', 'reading-a-report', '查看报告'),
  sbom: part('scanning', 'bills-of-materials', '物料清单sbom'),
  profile: part('console', 'for-everyone', '所有人'),
  tokens: part('identities', 'personal-tokens', '个人令牌'),

  'project.repositories': { guide: 'images-and-charts' },
  'project.members': part('identities', 'groups-and-roles', '用户组与角色'),
  'project.robots': part('identities', 'machines', '机器'),
  'project.pullPolicies': part('policies', 'policies-of-your-own', '自定义策略'),
  'project.policies': { guide: 'retention' },
  'project.summary': part('console', 'in-a-project', '项目中'),
  'project.webhooks': { guide: 'webhooks' },
  'project.labels': part('images-and-charts', 'labels', '标签label'),
  'project.trash': part('cleaning-up', 'trash-taking-a-delete-back', '回收站撤销删除'),
  'project.logs': { guide: 'audit-log' },
  'project.settings': part('console', 'in-a-project', '项目中'),

  users: { guide: 'identities' },
  groups: part('identities', 'groups-and-roles', '用户组与角色'),
  robots: part('identities', 'machines', '机器'),
  authentication: { guide: 'identities' },
  quotas: part('retention', 'quota', '配额'),
  labels: part('images-and-charts', 'labels', '标签label'),
  signers: part('signatures', 'naming-signers', '指定签名者'),
  pullPolicies: part('policies', 'policies-of-your-own', '自定义策略'),
  registries: { guide: 'moving-in' },
  replication: { guide: 'replication' },
  security: part('scanning', 'security-overview', '安全总览'),
  scanners: part('scanning', 'scanners', '扫描器'),
  scanInCi: { guide: 'scan-in-ci' },
  vulnerabilityData: part('scanning', 'vulnerability-data', '漏洞数据库'),
  jobs: part('cleaning-up', 'jobs-and-schedules', '任务与定时'),
  garbageCollection: part('cleaning-up', 'garbage-collection', '垃圾回收'),
  scrub: part('storage', 'the-scrub', '巡检scrub'),
  auditLog: { guide: 'audit-log' },
  configuration: part('console', 'administration', '系统管理'),
  health: { guide: 'troubleshooting' },
} as const satisfies Readonly<Record<string, GuideReference>>

export type PageWithGuide = keyof typeof pageGuides
