import type { project as en } from '../en/project.ts'
import type { Translation } from '../translation.ts'

export const project: Translation<typeof en> = {
  tabsLabel: '项目 {name} 的页面',
  tabs: {
    repositories: '镜像仓库',
  },
}
