import type { trash as en } from '../en/trash.ts'
import type { Translation } from '../translation.ts'

export const trash: Translation<typeof en> = {
  title: '回收站',
  description: '删除的内容会先保留在这里，到期后彻底清除。期间任何人都无法拉取，也不占用配额。',
  filter: '按镜像仓库筛选',
  what: '内容',
  artifact: 'Artifact',
  tag: 'Tag',
  moreTags: '+{count, number}',
  size: '大小',
  deletedBy: '删除者',
  deleted: '删除时间',
  until: '彻底清除',
  noneTitle: '回收站是空的',
  noneText: '在此项目中删除的内容，一段时间内可以从这里恢复。',
  restore: '恢复',
  restored: '已恢复 {name}',
  overwriteTitle: '把 {name} 的 Tag 移回来？',
  overwriteWhat:
    '它原来的 Tag 现在指向别的 Artifact。继续操作会把 Tag 移回来；Tag 目前指向的 Artifact 会保留，可通过摘要访问。',
  overwrite: '恢复并移回 Tag',
  deleteNow: '彻底删除',
  deleteTitle: '彻底删除 {name}？',
  deleteWhat: '之后无法再恢复；空间由垃圾回收释放。',
  empty: '清空回收站',
  emptyTitle: '清空 {project} 的回收站？',
  emptyWhat: '其中的全部内容将被彻底删除；空间由垃圾回收释放。',
  emptied: '{count, plural, =0 {回收站里没有内容} other {已清除 # 项}}',
}
