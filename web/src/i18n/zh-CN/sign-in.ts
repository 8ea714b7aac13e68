import type { signIn as en } from '../en/sign-in.ts'
import type { Translation } from '../translation.ts'

export const signIn: Translation<typeof en> = {
  title: '登录',
  welcome: '登录 {host}',
  username: '用户名',
  password: '密码',
  submit: '登录',
  ldapHint: '使用目录服务（LDAP）账号，或本地账号。',
  withProvider: '使用 {provider} 登录',
  localInstead: '使用本地账号登录',
  or: '或',
  wrong: '用户名或密码不正确。请按管理员创建的写法输入用户名，密码区分大小写。',
  goesToProvider: '此账号需通过 {provider} 登录。',
  sessionEnded: '会话已结束。重新登录后将回到刚才的页面。',
  browsePublic: '无需账号，浏览公开项目',
  forgotten: '忘记密码？管理员可以重设：berth user set-password 用户名',
}
