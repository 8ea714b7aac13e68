import { randomUUID } from 'node:crypto'
import { composeOutbound } from './clients/outbound.ts'
import { IssuerKeys } from './clients/issuer-keys.ts'
import { composeProbeRegistry } from './clients/remote-registry.ts'
import type { Config } from './config/config.ts'
import type { Database } from './database/database.ts'
import { copyBeforeChange } from './database/copy-before-change.ts'
import { migrate } from './database/migrate.ts'
import { composePostgresDatabase } from './database/postgres.ts'
import { composePostgresSignals } from './database/postgres-signals.ts'
import { noSignals, type Signals } from './database/signals.ts'
import { composeSqliteDatabase } from './database/sqlite.ts'
import type { Clock } from './domain/clock.ts'
import { anonymous } from './domain/access/actor.ts'
import { AccessTokens } from './domain/access/tokens/access-tokens.ts'
import { Passwords } from './domain/access/credentials/passwords.ts'
import { OwnSessions } from './domain/access/credentials/own-sessions.ts'
import { PersonalTokens } from './domain/access/tokens/personal-tokens.ts'
import { composeFindRobot } from './domain/access/robots/robot-accounts.ts'
import { Roles } from './domain/access/roles/roles.ts'
import { SignIn } from './domain/access/credentials/sign-in.ts'
import { Sessions } from './domain/access/credentials/sessions.ts'
import { SigningKeys } from './domain/access/tokens/signing-keys.ts'
import { UserGroups } from './domain/access/accounts/user-groups.ts'
import { UserProfiles } from './domain/access/accounts/user-profiles.ts'
import { Users } from './domain/access/accounts/users.ts'
import { Manifests } from './domain/artifacts/pull.ts'
import { pruneTagMoves } from './domain/artifacts/tag-history.ts'
import { PullRecorder } from './domain/artifacts/pull-recorder.ts'
import { AuditLog } from './domain/audit/audit-log.ts'
import { PullAudit } from './domain/audit/pull-audit.ts'
import { Blobs } from './domain/content/blobs.ts'
import { composeRedirectPolicy } from './domain/content/redirects.ts'
import { Uploads } from './domain/content/uploads.ts'
import { pruneJobs } from './domain/jobs/jobs.ts'
import { pruneEvents, recordEvent } from './domain/events.ts'
import { collectGarbage, type CollectorOptions } from './domain/garbage-collection/collect.ts'
import { CliSecrets } from './domain/identities/cli-secrets.ts'
import { setTellOthers, wakeOwnWorkers } from './domain/jobs/wake-up.ts'
import { Directory } from './domain/identities/directory.ts'
import { ExternalAccounts } from './domain/identities/external-accounts.ts'
import { composeExternalSignIn } from './domain/identities/external-sign-in.ts'
import { Oidc } from './domain/identities/oidc.ts'
import { PendingSignIns } from './domain/identities/pending-sign-ins.ts'
import { composeAdmit } from './domain/policies/admit.ts'
import { Members } from './domain/projects/members.ts'
import { Projects } from './domain/projects/projects.ts'
import { foldUsage } from './domain/quotas/project-usage.ts'
import { SystemCveAllowlist } from './domain/projects/system-cve-allowlist.ts'
import { Registries } from './domain/registries/registries.ts'
import { Robots } from './domain/robots/robots.ts'
import { TrustRules } from './domain/robots/trust-rules.ts'
import { Registration } from './domain/settings/registration.ts'
import { Settings } from './domain/settings/settings.ts'
import { composeAuthenticate, type Authenticate } from './http/authentication.ts'
import { composeSessionAccount } from './http/session-cookie.ts'
import { composeTokenEndpoint, type TokenEndpoint } from './http/token/token-endpoint.ts'
import type { BackgroundTask } from './jobs/background.ts'
import type { OciServices } from './http/oci/oci-request.ts'
import type { BlobStore } from './storage/blob-store.ts'
import { composeFilesystemBlobStore } from './storage/filesystem.ts'

/** Rows per step and round; a round is repeated at once while it finds this many. */
const collectBatch = 1_000
/** Jobs forgotten in one transaction; each may have a long log. */
const pruneJobsBatch = 100

export function composeDatabase(config: Config): Database {
  const { database } = config
  if (database.kind === 'sqlite')
    return composeSqliteDatabase({ file: database.file, acquireTimeoutMs: database.acquireTimeoutMs })
  return composePostgresDatabase({
    url: database.url,
    maxConnections: database.maxConnections,
    acquireTimeoutMs: database.acquireTimeoutMs,
  })
}

/** How the processes of a registry hear from each other. */
export function composeSignals(config: Config, onError: (error: unknown) => void): Signals {
  const { database } = config
  return database.kind === 'postgres' ? composePostgresSignals({ url: database.url, onError }) : noSignals
}

/** What is remembered here and changed elsewhere; after a gap nothing of it is trusted. */
export function followSignals(
  signals: Signals,
  { signIn, signingKeys }: { readonly signIn: SignIn; readonly signingKeys: SigningKeys },
): void {
  setTellOthers(() => signals.send({ kind: 'jobs' }))
  signals.onSignal((signal) => {
    if (signal.kind === 'jobs') wakeOwnWorkers()
    else if (signal.kind === 'signing-keys') signingKeys.forget()
    else signIn.failedElsewhere(signal.username, signal.clientAddress)
  })
  signals.onGap(() => {
    signingKeys.forget()
    wakeOwnWorkers()
  })
}

export async function composeBlobStore(config: Config): Promise<BlobStore> {
  const { storage } = config
  if (storage.kind === 'filesystem') return await composeFilesystemBlobStore({ folder: storage.folder })
  // Loaded when it is wanted: AWS's client takes a tenth of a second.
  const [{ openBucket }, { composeS3BlobStore }] = await Promise.all([
    import('./storage/s3/s3-client.ts'),
    import('./storage/s3/s3.ts'),
  ])
  return composeS3BlobStore({ bucket: openBucket(storage) })
}

/** Opens the database and brings its schema up to date. */
export async function openDatabase(config: Config, clock: Clock): Promise<Database> {
  const database = composeDatabase(config)
  try {
    const { database: given } = config
    await migrate(database, {
      clock,
      ...(given.kind === 'sqlite' && given.copyBeforeMigration
        ? { beforeChange: async (pending) => void (await copyBeforeChange(given.file, pending)) }
        : {}),
    })
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
  return database
}

export function composeOciServices(
  config: Config,
  { database, store, clock }: { database: Database; store: BlobStore; clock: Clock },
): OciServices {
  const leaseMs = config.garbageCollection.leaseMs
  return {
    database,
    clock,
    admit: composeAdmit({ database, settings: { readOnly: config.readOnly, deleteEnabled: config.deleteEnabled } }),
    blobs: new Blobs({
      database,
      reader: store,
      clock,
      leaseMs,
      redirects: config.storage.kind === 's3' ? composeRedirectPolicy(config.storage.redirects) : undefined,
    }),
    uploads: new Uploads({
      database,
      store,
      clock,
      newId: randomUUID,
      leaseMs,
      expireAfterMs: config.uploads.expireAfterMs,
      maxPerActor: config.uploads.maxPerActor,
      maxBytes: config.limits.uploadBytes,
    }),
    manifests: new Manifests(database),
    pulls: new PullRecorder(database),
    limits: { manifestBytes: config.limits.manifestBytes },
    trashWindowMs: config.trash.windowMs,
    defaultProject: config.defaultProject,
  }
}

export interface Accounts {
  readonly users: Users
  readonly profiles: UserProfiles
  readonly registration: Registration
  readonly settings: Settings
  readonly userGroups: UserGroups
  readonly roles: Roles
  readonly personalTokens: PersonalTokens
  readonly ownSessions: OwnSessions
  readonly trustRules: TrustRules
  readonly directory: Directory
  readonly oidc: Oidc
  readonly externalAccounts: ExternalAccounts
  readonly cliSecrets: CliSecrets
  readonly pendingSignIns: PendingSignIns
  readonly signIn: SignIn
  readonly signingKeys: SigningKeys
  readonly sessions: Sessions
  readonly projects: Projects
  readonly members: Members
  readonly robots: Robots
  readonly registries: Registries
  readonly systemCveAllowlist: SystemCveAllowlist
  readonly auditLog: AuditLog
  readonly pullAudit: PullAudit
  /** Basic and Bearer. */
  readonly authenticate: Authenticate
  /** Those, and the sessions of browsers. */
  readonly authenticateBrowser: Authenticate
  readonly token: TokenEndpoint
  /** Whether somebody who read the manual can sign in as administrator. */
  defaultPasswordStands(): Promise<boolean>
}

/** Who may come in; seeds the administrator and the default project of a new installation. */
export async function composeAccounts(
  config: Config,
  { database, clock, signals = noSignals }: { database: Database; clock: Clock; signals?: Signals },
): Promise<Accounts> {
  const { open, defaultProject, token } = config
  const passwords = new Passwords()
  const users = new Users({ database, clock, passwords })
  await users.ensureAdministrator(config.initialAdminPassword)
  const keys = new SigningKeys({
    database,
    clock,
    tokenLifetimeSeconds: token.lifetimeSeconds,
    onRotated: () => signals.send({ kind: 'signing-keys' }),
  })
  const tokens = new AccessTokens({ keys, clock, ...token })
  const profiles = new UserProfiles({ database, clock })
  const tokenMinutes = Math.ceil(token.lifetimeSeconds / 60)
  const settings = new Settings({
    database,
    clock,
    fixed: { read_only: config.readOnly, token_expiration: tokenMinutes },
  })
  const projects = new Projects({ database, clock, settings })
  if (defaultProject !== undefined) await projects.ensureDefaultProject(defaultProject, true)
  const robotPrefix = async () => (await settings.getSettings()).robot_name_prefix
  const outbound = composeOutbound({ allowLocal: config.outbound.allowLocal })
  const personalTokens = new PersonalTokens({ database, clock })
  const directory = new Directory({ settings, allowLocal: config.outbound.allowLocal })
  const oidc = new Oidc({ settings, outbound, clock })
  const trustRules = new TrustRules({
    database,
    clock,
    issuerKeys: new IssuerKeys({ outbound, now: () => clock.now() }),
  })
  const externalAccounts = new ExternalAccounts({ database, clock })
  const cliSecrets = new CliSecrets({ database, clock, passwords, oidc, accounts: externalAccounts })
  const signIn = new SignIn({
    database,
    clock,
    passwords,
    robotPrefix,
    external: composeExternalSignIn({ settings, directory, accounts: externalAccounts, cliSecrets }),
    isTrustedFor: async (robotId, token) => await trustRules.isTrusted(robotId, token),
    personalTokens: async (secret) => await personalTokens.findBySecret(secret),
    onFailure: async (username, clientAddress) => {
      signals.send({ kind: 'login-failed', username, clientAddress })
      const event = { type: 'login_user', failed: true, username } as const
      await database.write(async (tx) => await recordEvent(tx, clock, anonymous, event), 'relaxed')
    },
  })
  const robots = new Robots({
    database,
    clock,
    passwords,
    settings: async () => {
      const { robot_name_prefix: prefix, robot_token_duration: durationDays } = await settings.getSettings()
      return { prefix, durationDays }
    },
  })
  const lifetimeMs = async () => (await settings.getSettings()).session_timeout * 60_000
  const sessions = new Sessions({ database, clock, lifetimeMs })
  const findRobot = composeFindRobot(database, clock, robotPrefix)
  const authentication = { database, signIn, tokens, findRobot, personalTokens, defaultProject, open }
  return {
    users,
    profiles,
    registration: new Registration({ users, profiles, settings }),
    settings,
    userGroups: new UserGroups({ database, clock }),
    roles: new Roles({ database, clock }),
    personalTokens,
    ownSessions: new OwnSessions({ database, clock }),
    trustRules,
    directory,
    oidc,
    externalAccounts,
    cliSecrets,
    pendingSignIns: new PendingSignIns({ database, clock }),
    signIn,
    signingKeys: keys,
    sessions,
    projects,
    members: new Members({ database, clock }),
    robots,
    registries: new Registries({
      database,
      clock,
      probe: composeProbeRegistry(outbound),
    }),
    systemCveAllowlist: new SystemCveAllowlist({ database, clock }),
    auditLog: new AuditLog({
      database,
      disabledTypes: async () => (await settings.getSettings()).disabled_audit_log_event_types,
    }),
    pullAudit: new PullAudit({
      database,
      clock,
      isWanted: async () => (await settings.getSettings()).audit_log_pull_events,
    }),
    authenticate: composeAuthenticate(authentication),
    authenticateBrowser: composeAuthenticate({ ...authentication, sessionAccount: composeSessionAccount(sessions) }),
    token: composeTokenEndpoint({ database, signIn, tokens, service: token.service, defaultProject, open }),
    defaultPasswordStands: () => users.usesDefaultPassword(),
  }
}

/** Garbage collection as it is configured. */
export function collectorOf(config: Config, services: OciServices, store: BlobStore): CollectorOptions {
  const { database, clock, trashWindowMs } = services
  const { graceMs, leaseMs, lingerMs: trashMs } = config.garbageCollection
  return { database, sweeper: store, clock, graceMs, leaseMs, trashMs, trashWindowMs, batch: collectBatch }
}

/** What runs beside the requests. */
export function backgroundTasks(
  config: Config,
  services: OciServices,
  {
    sessions,
    store,
    onCollected,
  }: {
    sessions: Sessions
    store: BlobStore
    onCollected: (collected: Awaited<ReturnType<typeof collectGarbage>>) => void
  },
): readonly BackgroundTask[] {
  const { database, clock, uploads } = services
  return [
    {
      name: 'expire-uploads',
      runs: 'once',
      intervalMs: config.uploads.purgeIntervalMs,
      run: async () => {
        while ((await uploads.expireUploads(collectBatch)) === collectBatch);
      },
    },
    {
      name: 'collect-garbage',
      runs: 'once',
      intervalMs: config.garbageCollection.intervalMs,
      run: async () => {
        onCollected(await collectGarbage(collectorOf(config, services, store)))
      },
    },
    {
      name: 'fold-usage',
      runs: 'once',
      intervalMs: 60_000,
      run: async () => {
        while ((await foldUsage(database, collectBatch)) === collectBatch);
      },
    },
    {
      name: 'prune-jobs',
      runs: 'once',
      intervalMs: 10 * 60_000,
      run: async () => {
        while ((await pruneJobs(database, clock.now(), pruneJobsBatch)) === pruneJobsBatch);
      },
    },
    {
      name: 'prune-sessions',
      runs: 'once',
      intervalMs: 60 * 60_000,
      run: async () => {
        while ((await sessions.pruneSessions(collectBatch)) === collectBatch);
      },
    },
    {
      name: 'prune-events',
      runs: 'once',
      intervalMs: 60 * 60_000,
      run: async () => {
        const before = clock.now() - config.events.keepMs
        while ((await pruneEvents(database, before, collectBatch)) === collectBatch);
        while ((await pruneTagMoves(database, before, collectBatch)) === collectBatch);
      },
    },
  ]
}
