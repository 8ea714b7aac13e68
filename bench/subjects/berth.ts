import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Connection } from '../client/connection.ts'
import { startServer } from './server-process.ts'
import type { Subject, SubjectKind } from './subject.ts'

const administrator = { username: 'admin', password: 'Cart-4-Horses' }

export interface BerthOptions {
  /** The command with its first arguments, before `serve`. */
  readonly command: readonly string[]
  readonly authorization: 'bearer' | 'basic'
  /** Further settings. */
  readonly environment?: Record<string, string>
  /** Default 30 s; a start that migrates much takes longer. */
  readonly readyWithinMs?: number
}

/** Berth as `npm start` runs it: accounts on, every default of durability kept. */
export function berth(options: BerthOptions): SubjectKind {
  return {
    name: 'berth',
    async start({ folder, port, tls }): Promise<Subject> {
      const dataFolder = join(folder, 'data')
      await mkdir(dataFolder, { recursive: true })
      const endpoint = { host: '127.0.0.1', port, tls: tls !== undefined }
      const server = await startServer({
        command: [...options.command, 'serve'],
        folder,
        environment: {
          BERTH_DATA_FOLDER: dataFolder,
          BERTH_LOG_LEVEL: 'error',
          BERTH_WORKERS: '1',
          BERTH_ADMIN_PASSWORD: administrator.password,
          ...options.environment,
          ...(tls
            ? {
                BERTH_HTTPS_HOST: endpoint.host,
                BERTH_HTTPS_PORT: String(port),
                BERTH_HTTPS_CERTIFICATE: tls.certificateFile,
                BERTH_HTTPS_PRIVATE_KEY: tls.privateKeyFile,
              }
            : { BERTH_HTTP_HOST: endpoint.host, BERTH_HTTP_PORT: String(port) }),
        },
        workingFolder: resolve(import.meta.dir, '../..'),
        endpoint,
        path: '/v2/',
        // 401 is the answer of a registry that serves and knows whom it does not know.
        statuses: [200, 401],
        readyWithinMs: options.readyWithinMs,
      })
      const basic = `Basic ${btoa(`${administrator.username}:${administrator.password}`)}`
      return {
        name: 'berth',
        endpoint,
        ...server,
        administratorAuthorization: () => basic,
        async authorization(scopes) {
          if (options.authorization === 'basic') return basic
          const connection = await Connection.open(endpoint)
          try {
            const query = scopes.map((scope) => `&scope=${encodeURIComponent(scope)}`).join('')
            const head = Buffer.from(
              `GET /service/token?service=harbor-registry${query} HTTP/1.1\r\n` +
                `Host: ${endpoint.host}:${port}\r\nAuthorization: ${basic}\r\n\r\n`,
            )
            const answer = await connection.exchange({ head, keepText: true })
            if (answer.status !== 200) throw new Error(`no token: ${answer.head}\n${answer.text ?? ''}`)
            const { token } = JSON.parse(answer.text!) as { token: string }
            return `Bearer ${token}`
          } finally {
            connection.close()
          }
        },
      }
    },
  }
}
