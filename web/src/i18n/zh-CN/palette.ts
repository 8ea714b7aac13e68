import type { palette as en } from '../en/palette.ts'
import type { Translation } from '../translation.ts'

export const palette: Translation<typeof en> = {
  title: '搜索与命令',
  placeholder: '搜索项目、镜像仓库、project/app:tag、页面…',
  pages: '页面',
  actions: '命令',
  projects: '项目',
  repositories: '镜像仓库',
  artifacts: 'Artifacts',
  repositoryCount: '{count, plural, other {# 个镜像仓库}}',
  artifactCount: '{count, plural, other {# 个 Artifact}}',
  useTheme: '主题：{theme}',
  nothing: '没有名称包含“{text}”的内容',
  choose: '选择',
  open: '打开',
  close: '关闭',
}
