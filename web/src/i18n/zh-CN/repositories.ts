import type { repositories as en } from '../en/repositories.ts'
import type { Translation } from '../translation.ts'

export const repositories: Translation<typeof en> = {
  explanation: '该镜像仓库中的 Artifact，最新的在前。',
  title: '镜像仓库',
  filter: '按名称筛选',
  name: '名称',
  artifacts: 'Artifact 数',
  pulls: '拉取次数',
  updated: '最近推送',
  noneTitle: '这里还没有推送过任何内容',
  noneText: '第一次推送时会自动创建镜像仓库。',
  noneFound: '没有名称包含“{text}”的镜像仓库',
  push: '如何推送',
  pushTitle: '推送到 {project}',
  deleteTitle: '删除镜像仓库 {name}？',
  deleteWhat:
    '{count, plural, =0 {镜像仓库中没有 Artifact。} other {其中的 # 个 Artifact 将一并删除，任何人都无法再拉取。}}项目的回收站会保留一段时间。',
  deletedToast: '已删除镜像仓库 {name}',
  description: '描述',
  addDescription: '添加描述',
  editDescription: '编辑描述',
  descriptionHint: '说明用途，以及有问题找谁。支持 Markdown。',
  created: '创建时间',
  below: '{artifacts, number} 个 Artifact · 拉取 {pulls, number} 次',
  bulkDeleteTitle: '删除 {count, number} 个镜像仓库？',
  bulkDeleteWhat: '其中的 Artifact 将无法再拉取；一段时间内可以从项目的回收站恢复。',
  bulkDeleted: '已删除 {count, number} 个镜像仓库',
}
