import type { clientCommands as en } from '../en/client-commands.ts'
import type { Translation } from '../translation.ts'

export const clientCommands: Translation<typeof en> = {
  howTo: '查看设置方法',
  needs: {
    dockerPlainHttp: '本系统未启用 TLS，而 Docker 没有对应的命令行选项，需要先为 Docker 守护进程设置一次。',
    dockerAuthority: '本系统的证书由私有 CA 签发，而 Docker 没有对应的命令行选项，需要先设置一次。',
    containerdLoopback: '除非另有设置，containerd 对回环地址使用明文 HTTP。',
    authorityFile: 'berth-ca.crt 是签发本系统证书的 CA 证书，请先下载。',
  },
}
