import type { audit as en } from '../en/audit.ts'
import type { Translation } from '../translation.ts'

export const audit: Translation<typeof en> = {
  title: '审计日志',
  who: '用户',
  what: '操作',
  resource: '资源',
  result: '结果',
  succeeded: '成功',
  failed: '失败',
  address: '客户端 IP',
  when: '时间',
  filterResource: '按资源筛选',
  noneTitle: '没有记录',
}
