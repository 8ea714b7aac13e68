import type { shell as en } from '../en/shell.ts'
import type { Translation } from '../translation.ts'

export const shell: Translation<typeof en> = {
  skipToContent: '跳到正文',
  mainNavigation: '主导航',
  openNavigation: '打开导航',
  closeNavigation: '关闭导航',
  breadcrumbs: '当前位置',
  search: '搜索或跳转到…',
  switchLanguage: '切换到 {language}',
  switchTheme: '主题：{current}。切换为：{next}',
  themeLight: '浅色',
  themeDark: '深色',
  themeAuto: '跟随系统',
  account: '账号：{name}',
  administrator: '管理员',
  signIn: '登录',
  signOut: '退出登录',
  apiReference: 'API 文档',
  openRegistry: '本系统没有启用账号：任何人都可以执行任何操作。',
  readOnly: '本系统处于只读状态：目前无法推送或删除。',
}
