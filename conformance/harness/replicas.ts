import { randomBytes } from 'node:crypto'
import { createPostgresDatabase, postgresMissing } from './postgres-database.ts'
import { startRegistry, type RegistryControl, type RegistryUnderTest } from './registry.ts'
import { s3Credentials, s3ServerMissing, startS3Server } from './s3-server.ts'

export type Replica = RegistryUnderTest & { readonly control: RegistryControl }

export interface Replicas extends AsyncDisposable {
  readonly replicas: readonly Replica[]
  /** Where the bytes of blobs lie, for whoever looks behind the registry. */
  readonly s3Endpoint: string
}

/** Why replicas cannot be tested here; undefined when they can. */
export const replicasMissing =
  (process.env['BERTH_CONFORMANCE_URL'] ?? '') !== ''
    ? 'the registry was not started by the tests'
    : (postgresMissing ?? s3ServerMissing)

/** `count` equal processes on one PostgreSQL database and one bucket, both new. */
export async function startReplicas(count: number, env: Readonly<Record<string, string>> = {}): Promise<Replicas> {
  await using cleanup = new AsyncDisposableStack()
  const database = cleanup.use(await createPostgresDatabase())
  const s3 = await startS3Server()
  cleanup.defer(() => s3.stop())
  await s3.createBucket('berth')

  const password = randomBytes(12).toString('base64url')
  const settings = {
    BERTH_DATABASE_URL: database.url,
    BERTH_ADMIN_PASSWORD: password,
    BERTH_S3_BUCKET: 'berth',
    BERTH_S3_ENDPOINT: s3.endpoint,
    BERTH_S3_ACCESS_KEY: s3Credentials.accessKeyId,
    BERTH_S3_SECRET_KEY: s3Credentials.secretAccessKey,
    ...env,
  }
  const start = async (): Promise<Replica> => {
    const registry = cleanup.use(await startRegistry({ env: settings }))
    if (registry.control === undefined) throw new Error('the registry cannot be controlled')
    return { ...registry, password, control: registry.control }
  }
  const replicas = await Promise.all(Array.from({ length: count }, start))
  const owned = cleanup.move()
  return { replicas, s3Endpoint: s3.endpoint, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
