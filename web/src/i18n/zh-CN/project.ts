import type { project as en } from '../en/project.ts'
import type { Translation } from '../translation.ts'

export const project: Translation<typeof en> = {
  explanations: {
    repositories: '推送到该项目的镜像、Chart 和其他 Artifact。',
    members: '在该项目中拥有角色的用户和用户组。',
    robots: '供流水线和集群使用的账户，权限由您选择。',
    policies: '自动删除旧 Tag 的规则，以及保护 Tag 的规则。',
    labels: '用于该项目 Artifact 的标签。',
    trash: '已删除、仍可恢复的 Artifact 和 Tag。',
    logs: '该项目中的操作，最新的在前。',
    settings: '该项目的可见性和其他设置。',
  },
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
