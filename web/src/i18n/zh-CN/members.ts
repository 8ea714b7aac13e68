import type { members as en } from '../en/members.ts'
import type { Translation } from '../translation.ts'

export const members: Translation<typeof en> = {
  title: '成员',
  name: '名称',
  kind: '类型',
  user: '用户',
  group: '用户组',
  role: '角色',
  roleOf: '{name} 的角色',
  filter: '按名称筛选',
  noneTitle: '还没有成员',
  noneFound: '没有名称包含“{text}”的成员',
  add: '添加成员',
  addTitle: '向 {project} 添加成员',
  added: '{name} 已成为成员',
  userHint: '输入用户名的开头进行查找。',
  groupHint: '输入用户组名的开头进行查找。',
  roleChanged: '已更改 {name} 的角色',
  removeTitle: '移除 {name}？',
  removeWhat: '对方将失去作为 {project} 成员所拥有的权限。已推送的内容会保留。',
  removed: '{name} 已不再是成员',
  roleHints: {
    projectAdmin: '拥有项目内的全部权限：成员、机器人账户、策略以及删除项目。',
    maintainer: '推送、拉取、删除 Artifact，维护标签和规则。',
    developer: '推送和拉取。',
    guest: '拉取，并可查看内容和成员。',
    limitedGuest: '拉取，并可查看内容；不能查看成员和日志。',
    composed: '由管理员为该角色组合的权限。',
  },
}
