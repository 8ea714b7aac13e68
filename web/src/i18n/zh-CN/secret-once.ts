import type { secretOnce as en } from '../en/secret-once.ts'
import type { Translation } from '../translation.ts'

export const secretOnce: Translation<typeof en> = {
  onceTitle: '请立即保存密钥',
  onceText: '密钥仅显示这一次，之后无法再查看。如果丢失，请重新生成。',
  username: '用户名',
  secret: '密钥',
  copyAs: '复制为',
  done: '我已保存',
  forms: {
    docker: 'docker login',
    kubernetes: 'Kubernetes',
    github: 'GitHub Actions',
    gitlab: 'GitLab CI',
  },
  steps: {
    login: '在终端中执行；密钥不会出现在 docker 的命令行参数里。',
    manifest: '镜像拉取密钥：在 Pod 所在的命名空间中用 kubectl apply -f 创建。',
    podSpec: '写入 Pod 的 spec，或 Pod 所用的 ServiceAccount。',
    githubSecrets: '在代码仓库目录中执行一次。',
    githubStep: '写入工作流，放在拉取或推送镜像之前。',
    gitlabVariables: '在代码仓库目录中执行一次。',
    gitlabJob: '写入 .gitlab-ci.yml 中需要拉取或推送的作业。',
  },
}
