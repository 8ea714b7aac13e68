import type { errors as en } from '../en/errors.ts'
import type { Translation } from '../translation.ts'

export const errors: Translation<typeof en> = {
  unreachable: '本系统没有响应。请检查网络连接，页面会自动重试。',
  signedOut: '会话已结束。请重新登录，然后从刚才的位置继续。',
  forbidden: '您的账号没有执行此操作的权限。请联系管理员授权。',
  notFound: '内容已不存在，可能已被他人删除。请重新加载列表。',
  conflict: '已经存在，或者刚被他人修改。请换一个名称，或重新加载。',
  refused: '本系统没有接受此请求。请修改后重试。',
  precondition: '目前的状态下无法执行此操作。',
  tooLarge: '内容超过了本系统允许的大小。',
  tooMany: '尝试次数过多。请等待一分钟后再试。',
  notBuilt: '当前版本尚不支持此功能。',
  busy: '本系统正忙。请稍候再试。',
  failed: '本系统内部出错，原因记录在日志中。请重试，或联系管理员。',
  said: '本系统返回：{message}',
}
