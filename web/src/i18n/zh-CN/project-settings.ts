import type { projectSettings as en } from '../en/project-settings.ts'
import type { Translation } from '../translation.ts'

export const projectSettings: Translation<typeof en> = {
  usage: '用量',
  usageHint: '同一层在项目内只计一次，不论有多少镜像共用。逻辑大小则按每个镜像分别计算。',
  owner: '所有者',
  created: '创建时间',
  used: '已用',
  logical: '逻辑大小',
  limit: '配额',
  access: '访问权限',
  public: '公开',
  publicHint: '任何人都可以拉取，无需账号。',
  saved: '已保存',
  scanning: '扫描',
  autoScan: '推送后自动扫描',
  autoScanHint: '每个推送的 Artifact 都会自动扫描。',
  scanner: '扫描器',
  scannerHint: '用来扫描该项目的 Artifact。',
  defaultScanner: '{name}（默认）',
  noScanner: '没有扫描器。',
  deleteSection: '删除项目',
  deleteHint: '只能删除没有镜像仓库的项目。',
  delete: '删除项目',
}
