import type { vex as en } from '../en/vex.ts'
import type { Translation } from '../translation.ts'

export const vex: Translation<typeof en> = {
  title: 'VEX 文档',
  projectText: '支持 OpenVEX、CSAF 和 CycloneDX。文档排除的漏洞不再计入该项目的报告。',
  registryText: '支持 OpenVEX、CSAF 和 CycloneDX。文档排除的漏洞在任何项目中都不再计入。',
  upload: '上传文档',
  name: '文档',
  statements: '声明数',
  by: '添加者',
  time: '添加时间',
  noneTitle: '没有 VEX 文档',
  noneText: '镜像和软件包的发布者以 JSON 文件形式提供。',
  notJson: '{name} 不是 JSON 文档。',
  added: '已添加 {name}，正在更新报告。',
  deleteTitle: '删除 {name}？',
  deleteWhat: '它排除的漏洞将重新计入。',
  deleted: '已删除 {name}',
}
