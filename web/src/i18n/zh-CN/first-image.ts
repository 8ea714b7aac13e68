import type { firstImage as en } from '../en/first-image.ts'
import type { Translation } from '../translation.ts'

export const firstImage: Translation<typeof en> = {
  title: '推送镜像',
  description: '复制、粘贴即可：以下命令已填入本系统的地址和端口。',
  project: '推送到项目',
  clients: { docker: 'Docker', podman: 'Podman', containerd: 'containerd', kubernetes: 'Kubernetes' },
  askForAuthority: '请向管理员索取 berth-ca.crt 文件。',
  configPath:
    '只有在 config.toml 的 [plugins."io.containerd.grpc.v1.cri".registry] 中设置了 config_path = "/etc/containerd/certs.d"，containerd 才会读取该文件。containerd 1.6 和 1.7 默认为空：请设置后重启 containerd。',
  loopbackTitle: '{host} 在每台机器上都指向该机器自身',
  loopbackText: '这些命令只能在运行本系统的机器上使用。如需在其他机器上使用，请通过可访问的主机名打开本页面。',
  loopbackCluster: '集群节点会在自身上查找本系统。请通过节点可访问的主机名打开本页面。',
  noProjectTitle: '您没有可推送的项目',
  noProjectText: '请联系项目管理员授予“开发者”角色。',
  steps: {
    authority: {
      title: '获取 CA 证书',
      text: '本系统的证书由私有 CA 签发。请与管理员核对指纹。',
    },
    trust: {
      title: '信任该证书',
      text: '在每台需要推送或拉取的机器上执行。',
    },
    plainHttp: {
      title: '允许明文 HTTP',
      text: '目前通过未加密的 HTTP 访问本系统，密码和镜像可能在传输途中被读取。正式使用前请配置证书。',
    },
    signIn: { title: '登录', text: '会提示输入密码。程序请使用机器人账户，不要使用个人账号。' },
    push: { title: '推送', text: '任何镜像都可以，这里使用最小的一个。' },
    pull: { title: '拉取', text: '公开项目中的镜像无需账号即可拉取。' },
    secret: {
      title: '在集群中创建密钥',
      text: '建议使用只有拉取权限的机器人账户。请先将它的密钥存入变量 PASSWORD。',
    },
    pod: { title: '运行镜像', text: '每个节点上的 containerd 都须按上文信任本系统。' },
  },
}
