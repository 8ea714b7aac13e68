import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CertificateFiles } from './private-authority.ts'
import { findClient } from './real-client.ts'

/** A real S3 server in front of a folder; install-clients.sh builds it where Go is. */
const program = findClient('versitygw')

/** Why there is no S3 server here; undefined when there is one. */
export const s3ServerMissing = program === undefined ? 'not on this machine: versitygw' : undefined

export const s3Credentials = { accessKeyId: 'berth', secretAccessKey: 'berth-secret' }

export interface S3Server {
  readonly endpoint: string
  createBucket(name: string): Promise<void>
  /** Where the server keeps the objects of a bucket, a file each: what a disk does to them can be done there. */
  bucketFolder(name: string): string
  stop(): Promise<void>
}

/** `certificate`: over TLS. */
export async function startS3Server(options: { readonly certificate?: CertificateFiles } = {}): Promise<S3Server> {
  if (program === undefined) throw new Error(s3ServerMissing)
  const folder = await mkdtemp(join(tmpdir(), 'berth-s3-'))
  const data = join(folder, 'data')
  const sidecar = join(folder, 'meta')
  await mkdir(data)
  await mkdir(sidecar)
  const port = await freePort()
  const { certificate } = options
  const tls =
    certificate === undefined ? [] : ['--cert', certificate.certificateFile, '--key', certificate.privateKeyFile]
  const flags = ['--port', `127.0.0.1:${port}`, '--quiet', '--keep-alive', ...tls]
  const { accessKeyId, secretAccessKey } = s3Credentials
  const root = ['--access', accessKeyId, '--secret', secretAccessKey]
  const child = spawn(program, [...root, ...flags, 'posix', '--sidecar', sidecar, data], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const endpoint = `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  for (let attempt = 0; ; attempt++) {
    const answers = await fetch(endpoint, { tls: { rejectUnauthorized: false } }).then(
      () => true,
      () => false,
    )
    if (answers) break
    if (attempt > 200 || child.exitCode !== null) throw new Error('the S3 server does not answer')
    await Bun.sleep(50)
  }
  return {
    endpoint,
    createBucket: async (name) => void (await mkdir(join(data, name))),
    bucketFolder: (name) => join(data, name),
    async stop() {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
