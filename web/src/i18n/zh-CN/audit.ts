import type { audit as en } from '../en/audit.ts'
import type { Translation } from '../translation.ts'

export const audit: Translation<typeof en> = {
  title: '审计日志',
  who: '操作者',
  what: '操作',
  resource: '对象',
  result: '结果',
  succeeded: '成功',
  failed: '被拒绝',
  address: '来源',
  when: '时间',
  filterResource: '按操作对象筛选',
  noneTitle: '没有记录',
}
