import { z } from 'zod'
import { acmeSettings } from './acme-settings.ts'
import { auditSettings } from './audit-settings.ts'
import { httpsSettings } from './https-settings.ts'
import { secretSettings } from './secret-settings.ts'
import { s3ProviderNames } from './s3-providers.ts'
import {
  choice,
  cidr,
  duration,
  flag,
  hostAndPort,
  list,
  nameOrOff,
  port,
  postgresUrl,
  size,
  text,
  url,
  whole,
  written,
} from './setting-kinds.ts'

/**
 * Every setting once: its check, its default, its description. The reference page, the sample file, the
 * names of environment variables and flags come from here.
 */

const day = 86_400_000
const hour = 3_600_000
const minute = 60_000

export const settings = z.strictObject({
  hostname: text()
    .optional()
    .describe(
      'The name clients use for this machine: shown in messages, and looked for in the certificate by `berth doctor`.',
    ),
  external_url: url()
    .optional()
    .describe(
      'The URL clients use, when a proxy stands in between. Without it each answer takes the name from the request it answers.',
    ),
  internal_url: url()
    .optional()
    .describe(
      'The URL at which scanners within the same network reach this registry, for those that are registered to use it. Default: `external_url`.',
    ),
  http: z
    .strictObject({
      host: text().optional().describe('Address to listen on. Default `0.0.0.0`; with `open`, `127.0.0.1`.'),
      port: port().prefault(8080).describe('Port of plain HTTP. When `https` is set too, it redirects there.'),
    })
    .optional()
    .describe('Plain HTTP. On by default, unless `https` is set with files and this is not.'),
  https: httpsSettings,
  acme: acmeSettings,
  workers: whole(0, 64)
    .prefault(0)
    .describe(
      'Processes that serve, all on the same ports. 0: as many as there are processors, at most 4 on SQLite; 1 with `open`. `jobs.concurrency` and `database.max_connections` are divided among them.',
    ),
  data_folder: text().prefault('./berth-data').describe('Where everything is kept that is not placed elsewhere below.'),
  database: z
    .strictObject({
      file: text()
        .optional()
        .describe(
          'SQLite file for the metadata. Default: `berth.db` in the data folder. On a local disk, never on NFS.',
        ),
      url: postgresUrl()
        .optional()
        .describe('PostgreSQL instead of SQLite: `postgres://user:password@host:5432/berth?sslmode=verify-full`.'),
      copy_before_migration: flag()
        .prefault(true)
        .describe(
          'SQLite: whether a copy is left beside the file before a new version changes its schema. Without room for it, the new version does not start.',
        ),
      max_connections: whole(2, 500)
        .prefault(20)
        .describe('PostgreSQL: most connections that the registry on this machine opens; at least 2 for each worker.'),
      acquire_timeout: duration(100, '100ms')
        .prefault('5s')
        .describe('How long a request waits for its turn at the database before it is answered 503.'),
    })
    .prefault({})
    .describe('Metadata: users, projects, tags, manifests.'),
  storage: z
    .strictObject({
      folder: text().optional().describe('Folder for the bytes of blobs. Default: `storage` in the data folder.'),
    })
    .prefault({})
    .describe('The bytes of blobs.'),
  s3: z
    .strictObject({
      bucket: text().optional().describe('Bucket for the bytes of blobs, instead of a folder. It must exist.'),
      prefix: written()
        .pipe(
          z
            .string()
            .regex(/^[\w!.*'()-]+(\/[\w!.*'()-]+)*\/?$/, 'must be a path without a leading slash: registry/berth'),
        )
        .optional()
        .meta({ kind: 'path' })
        .describe('Everything is kept below it. Default: the bucket’s root.'),
      provider: choice(...s3ProviderNames)
        .optional()
        .describe(
          'What the service can do, by its name: `oss` is Aliyun’s, `cos` Tencent’s, `obs` Huawei’s. Default: `aws`; with an endpoint `other`, which uses only what all have. See the guide on object storage.',
        ),
      region: text().prefault('us-east-1').describe('Region of the bucket.'),
      endpoint: url()
        .optional()
        .describe(
          'URL of the service, without the bucket. Default: AWS’s, or that of the region of `oss`, `cos`, `obs`.',
        ),
      path_style: flag()
        .optional()
        .describe('`host/bucket/key` instead of `bucket.host/key`. Default: as the provider wants it.'),
      access_key: text()
        .optional()
        .describe('Access key id. Default: AWS’s own environment variables, files, web identity or instance role.'),
      secret_key: text().optional().describe('Secret access key.'),
      credentials_file: text()
        .optional()
        .describe('File with the keys as AWS’s tools write it, read again when it changes. Instead of the two above.'),
      credentials_profile: text().prefault('default').describe('Section of `credentials_file`.'),
      role_arn: text()
        .optional()
        .describe(
          'Role to assume by web identity (AssumeRoleWithWebIdentity), with the token in `web_identity_token_file`.',
        ),
      web_identity_token_file: text()
        .optional()
        .describe('File with the token, as Kubernetes mounts it; read anew each time keys are fetched.'),
      sts_endpoint: url().optional().describe('Where the role is assumed. Default: AWS’s security token service.'),
      ca_file: text().optional().describe('PEM file with the authorities that signed the endpoint’s certificate.'),
      encryption: choice('none', 'AES256', 'aws:kms')
        .prefault('none')
        .describe('Server-side encryption to ask for: SSE-S3 or SSE-KMS. `none`: as the bucket is set.'),
      kms_key: text().optional().describe('Key of `aws:kms`. Default: the bucket’s own.'),
      checksums: flag()
        .optional()
        .describe('Whether the service knows S3’s newer checksums; else Content-MD5 is sent. Default: by provider.'),
      equal_parts: flag()
        .optional()
        .describe('Whether all parts of an upload but the last must have one size. Default: by provider.'),
      timeout: duration(1_000, '1s')
        .prefault('1m')
        .describe('How long one attempt waits for an answer, or for its next byte. Then it is tried again.'),
      redirect: flag()
        .prefault(false)
        .describe(
          'Whether pulls are sent to the bucket by signed URLs, so that bytes do not pass through Berth. A project can say otherwise (`pull_redirect`).',
        ),
      redirect_min_size: size(0, Number.MAX_SAFE_INTEGER, 'a size')
        .prefault('1MiB')
        .describe('Smaller blobs are always served by Berth itself.'),
      redirect_endpoint: url()
        .optional()
        .describe('URL by which clients reach the service, when it is not `endpoint`.'),
      redirect_networks: list(cidr, 'an address or a range such as 10.0.0.0/8')
        .prefault([])
        .describe('Only clients in these networks are redirected. Empty: all.'),
      stream_networks: list(cidr, 'an address or a range such as 10.0.0.0/8')
        .prefault([])
        .describe('Clients in these networks are never redirected: those that cannot reach the bucket.'),
    })
    .prefault({})
    .describe('Object storage: many processes can share it.'),
  admin_password: text()
    .prefault('Harbor12345')
    .describe(
      'Password that the account `admin` is created with. Later changes here change nothing. While it is `Harbor12345`, `admin` is admitted from the machine of the registry only.',
    ),
  require_admin_password: flag()
    .prefault(false)
    .describe(
      'Refuses the first start without an `admin_password` that is not the one of every manual. The container image sets it.',
    ),
  default_project: nameOrOff()
    .prefault('library')
    .describe(
      'Project of a name without one: `nginx` means `library/nginx`. `off` refuses such names, as Harbor does.',
    ),
  secrets: secretSettings,
  open: flag()
    .prefault(false)
    .describe('No accounts: every request may do everything. For a laptop: listens on the loopback address only.'),
  force_open: flag()
    .prefault(false)
    .describe(
      'Lets `open` listen on other addresses too: every client that reaches the port may change and delete everything.',
    ),
  read_only: flag().prefault(false).describe('Nothing may be pushed or deleted.'),
  delete_enabled: flag().prefault(true).describe('Whether manifests and tags may be deleted over `/v2`.'),
  token: z
    .strictObject({
      lifetime: duration(minute, '1m').prefault('30m').describe('How long an access token is good for.'),
      service: text()
        .prefault('harbor-registry')
        .describe('The `service` that clients ask tokens for, and the audience of each.'),
      issuer: text().prefault('harbor-token-issuer').describe('The issuer named in each token.'),
    })
    .prefault({})
    .describe('Access tokens of Docker’s token protocol.'),
  uploads: z
    .strictObject({
      expire_after: duration(minute, '1m')
        .prefault('24h')
        .describe('An upload without progress for so long is forgotten.'),
      purge_interval: duration(1000, '1s').prefault('10m').describe('How often expired uploads are looked for.'),
      max_per_actor: whole(1, 1_000_000).prefault(1000).describe('Most uploads that one account has open at once.'),
    })
    .prefault({})
    .describe('Upload sessions.'),
  garbage_collection: z
    .strictObject({
      interval: duration(1000, '1s')
        .prefault('1m')
        .describe('How often garbage collection looks at its queues. A look at empty queues costs little.'),
      lease: duration(1000, '1s')
        .prefault('24h')
        .describe(
          'How long a pushed or mounted blob is kept without a manifest. Longer than the slowest push: its first layer waits for its last.',
        ),
      grace: duration(0, '0s')
        .prefault('1h')
        .describe(
          'How long the bytes of an unneeded blob are still kept, for downloads under way and pushes of the same content.',
        ),
      linger: duration(1000, '1s')
        .prefault('5m')
        .describe('How long bytes stay in the store when their blob is gone, for downloads that began before.'),
    })
    .prefault({})
    .describe('Deletes unreferenced bytes, while pushes and pulls go on.'),
  trash: z
    .strictObject({
      window: duration(0, '0s')
        .prefault('72h')
        .describe('How long deleted artifacts and tags can be restored; `0s`: they cannot.'),
    })
    .prefault({})
    .describe('Deleted artifacts and tags that can be restored.'),
  backup: z
    .strictObject({
      to: text()
        .optional()
        .describe('Where `berth backup` writes to and `berth restore` reads from: a folder, or `s3://bucket/prefix`.'),
      keep: whole(0, 100_000).prefault(0).describe('How many backups are kept; 0: all.'),
      schedule: z
        .string()
        .regex(/^(hourly|daily|weekly|\S+( \S+){5})$/, 'must be hourly, daily, weekly or six fields: 0 30 2 * * *')
        .meta({ kind: 'text' })
        .optional()
        .describe(
          'When the registry makes a backup to `backup.to` by itself: `hourly`, `daily`, `weekly`, or six fields of cron with the seconds first.',
        ),
      time_zone: text().prefault('UTC').describe('Time zone of the schedule: an IANA name like `Europe/Berlin`.'),
      region: text().optional().describe('Of a bucket for backups. Default: as `s3.region`.'),
      endpoint: url().optional().describe('Of a bucket for backups, when it is elsewhere than `s3`.'),
      access_key: text().optional().describe('Access key id for backups. Default: as `s3`.'),
      secret_key: text().optional().describe('Secret access key for backups.'),
    })
    .prefault({})
    .describe('Backups.'),
  events: z
    .strictObject({
      keep: duration(day, '1d').prefault('180d').describe('How long the audit log is kept.'),
      replay: duration(minute, '1m')
        .prefault('1d')
        .describe('How long consumers can read each event again (`GET /api/v2.0/events`).'),
      max_age: duration(hour, '1h')
        .prefault('30d')
        .describe('An event leaves the log for consumers after this, even if a registered consumer still needs it.'),
      max_events: whole(1_000, 100_000_000)
        .prefault(1_000_000)
        .describe('Of more events than this the oldest leave the log for consumers. A thousand take about 0.5 MB.'),
    })
    .prefault({})
    .describe('Events: the audit log for people, and the log that consumers follow.'),
  jobs: z
    .strictObject({
      concurrency: whole(1, 1000).prefault(10).describe('Most jobs that the registry on this machine does at a time.'),
      keep: duration(minute, '1m').prefault('30d').describe('How long a finished job and its log are kept.'),
      lease: duration(1000, '1s')
        .prefault('30s')
        .describe(
          'A process that is silent for so long, because it died or hangs, loses its jobs to another one. Set it longer than the clocks of the replicas differ.',
        ),
    })
    .prefault({})
    .describe('Background work: purges of the audit log, retention, scrubs.'),
  limits: z
    .strictObject({
      manifest: size(65_536, 67_108_864, 'from 64KiB to 64MiB')
        .prefault('4MiB')
        .describe('Largest manifest accepted. The OCI specification asks for at least 4 MiB.'),
      upload: size(0, Number.MAX_SAFE_INTEGER, 'a size').prefault(0).describe('Largest blob accepted; 0: no limit.'),
    })
    .prefault({})
    .describe('Limits on pushed content.'),
  log: z
    .strictObject({
      level: choice('debug', 'info', 'warn', 'error').prefault('info').describe('The least that is logged.'),
      format: choice('json', 'pretty', 'auto')
        .prefault('auto')
        .describe('`auto`: pretty on a terminal, JSON lines elsewhere.'),
      requests: choice('all', 'errors', 'off')
        .prefault('all')
        .describe(
          'Requests that have a line. `errors`: those that were refused, failed or broken off, without the 401 and 404 that every push and pull meets.',
        ),
      slow_request: duration(0, '0s')
        .prefault('2s')
        .describe(
          'A request that is answered after so long has a line `slow request` with the statements it took; 0s: none has.',
        ),
    })
    .prefault({})
    .describe('Logs, on standard error.'),
  metrics: z
    .strictObject({
      enabled: flag().prefault(true).describe('Whether metrics are served.'),
      path: z
        .string()
        .regex(/^\/[\w./-]*$/, 'must be a path that begins with /')
        .prefault('/metrics')
        .meta({ kind: 'path' })
        .describe('Path of the metrics.'),
      host: text().optional().describe('Address of the port for metrics alone. Default `127.0.0.1`.'),
      port: port().optional().describe('A port of its own for metrics, apart from the port of clients.'),
      token: written()
        .pipe(
          z
            .string()
            .regex(
              /^[\x21-\x7e]{32,512}$/,
              'must have 32 to 512 visible characters without spaces: openssl rand -hex 32',
            ),
        )
        .optional()
        .meta({ kind: 'text' })
        .describe('Metrics are served only to requests with this token: `Authorization: Bearer …`.'),
    })
    .prefault({})
    .describe('Prometheus metrics.'),
  audit: auditSettings,
  outbound: z
    .strictObject({
      allow_local: flag()
        .prefault(false)
        .describe(
          'Lets addresses that administrators enter lead to this machine, its link and metadata services of clouds.',
        ),
      token_hosts: list(hostAndPort, 'a host such as auth.example.org or auth.example.org:5001')
        .prefault([])
        .describe(
          'Hosts whose token service is given the credential of a remote registry on another host. Docker Hub and GitLab.com are known.',
        ),
      private_issuers: list(
        (item) => /^https:\/\/[^\s?#@]+$/.test(item),
        'a URL such as https://kubernetes.default.svc',
      )
        .prefault([])
        .describe(
          'Issuers in private networks that every trust rule may name, as tokens write them. Without it only rules of system administrators reach private networks.',
        ),
    })
    .prefault({})
    .describe('Requests of the registry to other servers.'),
  trusted_proxies: list(cidr, 'an address or a range such as 10.0.0.0/8')
    .prefault([])
    .describe('Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed, as addresses or CIDR ranges.'),
  drain_delay: duration(0, '0s')
    .prefault('0s')
    .describe(
      'How long after SIGTERM connections are still accepted while `/ready` answers 503, so that a balancer sees it.',
    ),
  drain_timeout: duration(0, '0s').prefault('30s').describe('How long SIGTERM waits for requests under way.'),
})

export type Settings = z.output<typeof settings>
