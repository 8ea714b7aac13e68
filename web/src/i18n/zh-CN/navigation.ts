import type { navigation as en } from '../en/navigation.ts'
import type { Translation } from '../translation.ts'

export const navigation: Translation<typeof en> = {
  home: '首页',
  projects: '项目',
  firstImage: '推送镜像',
  administration: '系统管理',
  users: '用户',
  groups: '用户组',
  robots: '机器人账户',
  authentication: '身份认证',
  quotas: '配额',
  labels: '标签',
  registries: '远程仓库',
  replication: '复制',
  security: '安全总览',
  scanners: '扫描器',
  vulnerabilityData: '漏洞数据库',
  garbageCollection: '垃圾回收',
  scrub: '数据校验',
  jobs: '任务',
  schedules: '定时计划',
  auditLog: '审计日志',
  configuration: '系统配置',
  health: '运行状况',
  profile: '个人资料',
  tokens: '个人令牌',
}
