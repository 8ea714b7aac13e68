import type { firstImage as en } from '../en/first-image.ts'
import type { Translation } from '../translation.ts'

export const firstImage: Translation<typeof en> = {
  title: '推送镜像',
  description: '复制、粘贴即可：以下命令已填入此镜像仓库的地址和端口。',
  project: '推送到项目',
  clients: { docker: 'Docker', podman: 'Podman', containerd: 'containerd', kubernetes: 'Kubernetes' },
  askForAuthority: '请向管理员索取 ca.crt 文件。',
  steps: {
    authority: {
      title: '获取 CA 证书',
      text: '此镜像仓库的证书由私有 CA 签发。请与管理员核对指纹。',
    },
    trust: {
      title: '信任该证书',
      text: '在每台需要推送或拉取的机器上执行。无需重启服务，但 containerd 须设置 config_path = "/etc/containerd/certs.d"。',
    },
    plainHttp: {
      title: '允许明文 HTTP',
      text: '目前通过未加密的 HTTP 访问此镜像仓库，密码和镜像可能在传输途中被读取。正式使用前请配置证书。',
    },
    signIn: { title: '登录', text: '会提示输入密码。程序请使用机器人账号，不要使用个人账号。' },
    push: { title: '推送', text: '任何镜像都可以，这里使用最小的一个。' },
    pull: { title: '在任意机器上拉取', text: '公开项目中的镜像无需账号即可拉取。' },
    secret: {
      title: '在集群中创建密钥',
      text: '建议使用只有拉取权限的机器人账号。请先将它的密钥存入变量 PASSWORD。',
    },
    pod: { title: '运行镜像', text: '每个节点上的 containerd 都须按上文信任此镜像仓库。' },
  },
}
