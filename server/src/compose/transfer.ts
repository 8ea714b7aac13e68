import { withoutTrailing } from '#contract/trailing.ts'
import { randomUUID } from 'node:crypto'
import { basename, dirname, resolve } from 'node:path'
import { composeEvents } from './events.ts'
import type { Accounts } from './accounts.ts'
import { ensureFirstAdministrator } from './first-administrator.ts'
import { composeBlobStore } from './blob-store.ts'
import { composeContent } from './content.ts'
import { composeOwnRouter } from './own-router.ts'
import { absenceOf, hasDatabaseFile, openExistingDatabase, openOrBeginDatabase } from './database.ts'
import { placesOf } from './places.ts'
import type { Config } from '../config/config.ts'
import { Passwords } from '../domain/access/credentials/passwords.ts'
import { Users } from '../domain/access/accounts/users.ts'
import { systemClock } from '../domain/clock.ts'
import { Adoptions } from '../domain/content/adoptions.ts'
import { Uploads } from '../domain/content/uploads.ts'
import { PushedSignatures } from '../domain/signatures/pushed-signatures.ts'
import { Projects } from '../domain/projects/projects.ts'
import { importer, type ImportServices } from '../domain/transfer/import-services.ts'
import { assertStoreEmpty } from '../domain/verification/lost-database.ts'
import type { Manifests } from '../domain/artifacts/pull.ts'
import type { Blobs } from '../domain/content/blobs.ts'
import { OwnApi } from '../http/harbor-import/own-api.ts'
import { DistributionStore } from '../storage/foreign/distribution-store.ts'
import { FolderTree } from '../storage/foreign/folder-tree.ts'
import type { S3Settings } from '../storage/s3/s3-client.ts'
import type { BlobStore } from '../storage/blob-store.ts'

/** Services that move content in and out, beside a registry that may be serving. */
export interface TransferServices extends ImportServices, AsyncDisposable {
  readonly manifests: Manifests
  readonly blobs: Blobs
  readonly store: BlobStore
}

/** `begin` makes the registry that is not there yet: content may come in before the first start. */
export async function openTransfer(config: Config, options: { readonly begin: boolean }): Promise<TransferServices> {
  const clock = systemClock
  const events = composeEvents(clock)
  await using owned = new AsyncDisposableStack()
  if (!options.begin && !hasDatabaseFile(config)) throw await absenceOf(config)
  const store = owned.use(await composeBlobStore(config))
  const assertNew = () => assertStoreEmpty(store, placesOf(config))
  const opened = options.begin ? openOrBeginDatabase(config, { clock, assertNew }) : openExistingDatabase(config)
  const database = owned.use(await opened)
  const { admit, blobs, manifests } = composeContent(config, { database, store, clock, events })
  const projects = new Projects({ database, clock, events })
  if (options.begin) {
    // As `berth serve` does.
    await ensureFirstAdministrator(config, new Users({ database, clock, events, passwords: new Passwords() }))
    if (config.defaultProject !== undefined) await projects.ensureDefaultProject(config.defaultProject, true)
  }
  const leaseMs = config.garbageCollection.leaseMs
  const limits = { expireAfterMs: config.uploads.expireAfterMs, maxPerActor: 0, maxBytes: 0 }
  const kept = owned.move()
  return {
    database,
    clock,
    events,
    store,
    admit,
    blobs,
    manifests,
    uploads: new Uploads({ database, store, clock, events, newId: randomUUID, leaseMs, ...limits }),
    pushedSignatures: new PushedSignatures({ database, clock, store }),
    adoptions: new Adoptions({ database, store, clock, events, newId: randomUUID, leaseMs }),
    projects,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** This registry's own API for an import in the same process, and what it is beside that. */
export async function openHarborImport(
  config: Config,
  services: TransferServices,
  onError: (error: unknown) => void,
): Promise<{ readonly own: OwnApi; readonly accounts: Accounts }> {
  const { router, accounts } = await composeOwnRouter(config, services, onError)
  return { own: new OwnApi(router, importer), accounts }
}

/** Used when the configuration names no bucket. AWS's own rules find the credentials. */
const unknownService: Omit<S3Settings, 'bucket' | 'prefix'> = {
  endpoint: undefined,
  publicEndpoint: undefined,
  region: 'us-east-1',
  capabilities: {
    addressing: 'virtual-host',
    checksums: 'flexible',
    keysPerDelete: 1_000,
    partsAlike: false,
    conditionalCopies: true,
    encryption: [],
  },
  credentials: undefined,
  caFile: undefined,
  encryption: undefined,
  timeoutMs: 60_000,
}

/** Settings of a bucket that is read from, when it is not the one of the configuration. */
export interface SourceBucketOptions {
  readonly endpoint: string | undefined
  readonly region: string | undefined
  readonly pathStyle: boolean | undefined
}

/** The store of a Distribution registry: the folder that its `rootdirectory` names, or `s3://bucket/prefix`. */
export async function openDistributionStore(
  config: Config,
  from: string,
  options: SourceBucketOptions,
): Promise<DistributionStore> {
  const bucket = /^s3:\/\/([^/]+)\/?(.*)$/.exec(from)
  if (bucket === null) return new DistributionStore(new FolderTree(withoutLayout(resolve(from))))
  const [, name = '', path = ''] = bucket
  const folder = withoutTrailing(path, '/').replace(/(^|\/)docker\/registry\/v2$/, '')
  const prefix = folder === '' ? '' : `${folder}/`
  // Loaded on demand: AWS's client takes a tenth of a second to load.
  const [{ openBucket }, { BucketTree }] = await Promise.all([
    import('../storage/s3/s3-client.ts'),
    import('../storage/foreign/bucket-tree.ts'),
  ])
  const { storage } = config
  const { endpoint, region, pathStyle } = options
  const known = storage.kind === 's3' ? storage : unknownService
  const isElsewhere = storage.kind !== 's3' && endpoint !== undefined
  const addressing = pathStyle === true || isElsewhere ? 'path' : known.capabilities.addressing
  const opened = openBucket({
    ...known,
    endpoint: endpoint ?? known.endpoint,
    region: region ?? known.region,
    capabilities: { ...known.capabilities, addressing },
    bucket: name,
    prefix,
  })
  return new DistributionStore(new BucketTree(opened, prefix))
}

/** People name the folder that the configuration names, or the one they see the content in. */
function withoutLayout(folder: string): string {
  const [v2, registry, docker] = [folder, dirname(folder), dirname(dirname(folder))]
  const isInside = basename(v2) === 'v2' && basename(registry) === 'registry' && basename(docker) === 'docker'
  return isInside ? dirname(docker) : folder
}
