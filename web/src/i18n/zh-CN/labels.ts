import type { labels as en } from '../en/labels.ts'
import type { Translation } from '../translation.ts'

export const labels: Translation<typeof en> = {
  title: '标记',
  explanation: '贴在制品上的词：谁检查过、做什么用。',
  name: '名称',
  color: '颜色',
  description: '描述',
  created: '创建时间',
  new: '新建标记',
  editTitle: '编辑 {name}',
  noneTitle: '还没有标记',
  noneText: '先新建一个，再从制品的菜单里贴上去。',
  deleteTitle: '删除标记 {name}？',
  deleteWhat: '它会从所有使用它的制品上移除。',
  deleted: '已删除标记 {name}',
}
