import type { project as en } from '../en/project.ts'
import type { Translation } from '../translation.ts'

export const project: Translation<typeof en> = {
  tabsLabel: '项目 {name} 的页面',
  tabs: {
    repositories: '镜像仓库',
    members: '成员',
    robots: '机器人账户',
    policies: '策略',
    labels: '标签',
    trash: '回收站',
    logs: '日志',
    settings: '设置',
  },
}
