import { randomBytes } from 'node:crypto'
import { createPostgresDatabase, postgresMissing } from './postgres-database.ts'
import { startS3FaultProxy, type S3FaultProxy } from './s3-fault-proxy.ts'
import { s3Credentials, s3ServerMissing, startS3Server } from './s3-server.ts'
import { controlMissing, startControlledRegistry, type ControlledRegistry } from './scenario.ts'

export type Replica = ControlledRegistry

export interface Replicas extends AsyncDisposable {
  readonly replicas: readonly Replica[]
  /** Where the bytes of blobs lie, for whoever looks behind the registry. */
  readonly s3Endpoint: string
  readonly databaseUrl: string
  /** Where it fails on demand. */
  readonly s3Proxy: S3FaultProxy | undefined
}

/** Why replicas cannot be tested here; undefined when they can. */
export const replicasMissing = controlMissing ?? postgresMissing ?? s3ServerMissing

export interface ReplicaOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Of a PostgreSQL database; a new one on the server of the tests when left out. */
  readonly databaseUrl?: string
  /** Replicas speak to S3 through a proxy that can make it fail. */
  readonly s3Faults?: true
}

/** `count` equal processes on one PostgreSQL database and one bucket, both new. */
export async function startReplicas(count: number, options: ReplicaOptions = {}): Promise<Replicas> {
  await using cleanup = new AsyncDisposableStack()
  const databaseUrl = options.databaseUrl ?? cleanup.use(await createPostgresDatabase()).url
  const s3 = await startS3Server()
  cleanup.defer(() => s3.stop())
  await s3.createBucket('berth')
  const s3Proxy = options.s3Faults === undefined ? undefined : cleanup.use(await startS3FaultProxy(s3.endpoint))

  const password = randomBytes(12).toString('base64url')
  const settings = {
    BERTH_DATABASE_URL: databaseUrl,
    BERTH_ADMIN_PASSWORD: password,
    // No disk of theirs keeps it, and all of them need the same one.
    BERTH_SECRETS_KEY: randomBytes(32).toString('base64'),
    BERTH_S3_BUCKET: 'berth',
    BERTH_S3_PROVIDER: 'minio',
    BERTH_S3_ENDPOINT: s3Proxy?.endpoint ?? s3.endpoint,
    BERTH_S3_ACCESS_KEY: s3Credentials.accessKeyId,
    BERTH_S3_SECRET_KEY: s3Credentials.secretAccessKey,
    ...options.env,
  }
  const start = async (): Promise<Replica> => {
    const registry = cleanup.use(await startControlledRegistry({ env: settings }))
    return { ...registry, password }
  }
  const replicas = await Promise.all(Array.from({ length: count }, start))
  const owned = cleanup.move()
  return { replicas, s3Endpoint: s3.endpoint, databaseUrl, s3Proxy, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
