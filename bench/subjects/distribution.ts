import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startServer } from './server-process.ts'
import type { SubjectKind } from './subject.ts'

/** Debian's `docker-registry` as its package configures it, less access control and access log. */
export const distribution: SubjectKind = {
  name: 'distribution',
  async start({ folder, port, tls }) {
    const dataFolder = join(folder, 'data')
    await mkdir(dataFolder, { recursive: true })
    const configFile = join(folder, 'config.yml')
    // JSON is YAML.
    const config = {
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: {
        cache: { blobdescriptor: 'inmemory' },
        delete: { enabled: true },
        filesystem: { rootdirectory: dataFolder },
      },
      http: {
        addr: `127.0.0.1:${port}`,
        ...(tls ? { tls: { certificate: tls.certificateFile, key: tls.privateKeyFile } } : {}),
      },
    }
    await writeFile(configFile, JSON.stringify(config))
    const endpoint = { host: '127.0.0.1', port, tls: tls !== undefined }
    const server = await startServer({
      command: ['docker-registry', 'serve', configFile],
      folder,
      environment: {},
      workingFolder: folder,
      endpoint,
      path: '/v2/',
      statuses: [200],
    })
    const authorization = async () => undefined
    return { name: 'distribution', endpoint, ...server, authorization, administratorAuthorization: () => undefined }
  },
}
