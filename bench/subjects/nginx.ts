import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { startServer } from './server-process.ts'
import type { SubjectKind } from './subject.ts'

/**
 * nginx with the same bytes as files: no registry, but what a machine can serve at the most. It has as many workers as Berth, and
 * no log of requests either.
 */
export function nginx(workers: number): SubjectKind {
  return {
    name: 'nginx',
    async start({ folder, port, tls }) {
      if (tls !== undefined) throw new Error('nginx has no TLS here: leave the workloads with TLS out (--plain)')
      const root = join(folder, 'files')
      // Its workers would be nobody otherwise, who may not look into our folders.
      const user = process.getuid?.() === 0 ? 'user root; ' : ''
      await mkdir(root, { recursive: true })
      const configFile = join(folder, 'nginx.conf')
      await writeFile(
        configFile,
        [
          `${user}daemon off; worker_processes ${workers}; pid ${join(folder, 'nginx.pid')}; error_log stderr;`,
          'events { worker_connections 1024; }',
          'http {',
          '  access_log off; sendfile on; tcp_nopush on; open_file_cache max=100; keepalive_requests 1000000000;',
          `  server { listen 127.0.0.1:${port}; root ${root}; location = /v2/ { return 200; } }`,
          '}',
        ].join('\n'),
      )
      const endpoint = { host: '127.0.0.1', port, tls: false }
      const server = await startServer({
        command: ['nginx', '-c', configFile],
        folder,
        environment: {},
        workingFolder: folder,
        endpoint,
        path: '/v2/',
        statuses: [200],
      })
      return {
        name: 'nginx',
        endpoint,
        ...server,
        authorization: async () => undefined,
        administratorAuthorization: () => undefined,
        async putFile(path, parts) {
          const file = join(root, path)
          await mkdir(dirname(file), { recursive: true })
          await writeFile(file, Buffer.concat([...parts]), { mode: 0o644 })
        },
      }
    },
  }
}
