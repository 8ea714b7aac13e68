import type { home as en } from '../en/home.ts'
import type { Translation } from '../translation.ts'

export const home: Translation<typeof en> = {
  title: '首页',
  greeting: '{name}，您好',
  projects: '项目',
  repositories: '仓库',
  storage: '存储',
}
