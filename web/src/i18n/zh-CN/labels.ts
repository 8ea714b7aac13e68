import type { labels as en } from '../en/labels.ts'
import type { Translation } from '../translation.ts'

export const labels: Translation<typeof en> = {
  title: '标签',
  explanation: '用于标注 Artifact 的用途或审核状态。',
  name: '名称',
  color: '颜色',
  description: '描述',
  created: '创建时间',
  new: '新建标签',
  editTitle: '编辑 {name}',
  noneTitle: '还没有标签',
  noneText: '先新建标签，再从 Artifact 的菜单中添加。',
  deleteTitle: '删除标签 {name}？',
  deleteWhat: '它会从所有使用它的 Artifact 上移除。',
  deleted: '已删除标签 {name}',
  bulkDeleteTitle: '删除 {count, number} 个标签？',
  bulkDeleteWhat: '这些标签会从所有 Artifact 上移除。',
  bulkDeleted: '已删除 {count, number} 个标签',
}
