import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { hostname as machineName } from 'node:os'
import type { X509Certificate } from 'node:crypto'
import { ConfigError } from '#server/config/config-error.ts'
import type { Config } from '#server/config/config.ts'
import type { LoadedConfig } from '#server/config/load-config.ts'
import { proxyFor } from '#server/config/proxy-environment.ts'
import { readTlsPair } from '#server/http/tls-reload.ts'
import { nameOf, parseCertificates } from './certificate-chain.ts'
import { checkBucket } from './check-bucket.ts'
import { checkClock, judgeSkew } from './check-clock.ts'
import { checkDatabase } from './check-database.ts'
import { checkDisks } from './check-disk.ts'
import { findRepairs, judgeFiles, judgeLostStore } from './check-files.ts'
import { checkHandover } from './check-handover.ts'
import { checkLimits } from './check-limits.ts'
import { checkReady } from './check-ready.ts'
import { checkProxy } from './check-proxy.ts'
import { checkPort, localAddress, portsOf } from './check-ports.ts'
import { bareName, checkTls } from './check-tls.ts'
import { checkWorkers } from './check-workers.ts'
import type { ClientTrust, Machine } from './client-trust.ts'
import { good, problem, skipped, warning, type Finding } from './finding.ts'
import { fetchServedChain } from './served-chain.ts'

export interface DoctorOptions {
  readonly machine: Machine
  readonly now: () => number
  /** Only what this client needs; undefined: all that seem to be used here. */
  readonly client?: ClientTrust['client']
  /** Mends what is safe to mend. */
  readonly fix?: boolean
  readonly authorityFile?: { readonly path: string; readonly certificates: readonly X509Certificate[] }
}

/** Looks at everything an installation on this machine needs, whether it runs already or not. */
export async function diagnoseInstallation(load: () => LoadedConfig, options: DoctorOptions): Promise<Finding[]> {
  const findings: Finding[] = []
  const loaded = tryLoad(load, findings)
  findings.push(checkClock(options.now()))
  findings.push(checkLimits('/'))
  if (loaded === undefined) return [...findings, ...unasked]
  const { config } = loaded
  const repairs = await findRepairs(config, loaded.file, options.now())
  findings.push(
    ...(await judgeFiles(repairs, options.fix === true)),
    ...(await judgeLostStore(config)),
    checkWorkers(config),
    ...skippedBy(config),
    ...(await checkDisks(config)),
    ...(await checkBucket(config)),
    ...(await checkDatabase(config, options.now)),
  )
  const serving = new Set<number>()
  for (const port of portsOf(config)) {
    const outcome = await checkPort(port)
    findings.push(outcome.finding)
    if (!outcome.serving) continue
    serving.add(port.port)
    if (port.setting !== 'metrics.port') findings.push(...(await checkReady(port)))
  }
  findings.push(...(await diagnoseCertificate(config, serving, options)))
  return findings
}

/** Without a configuration nobody knows what to look at. */
const unasked = ['files', 'disk', 'database', 'uploads', 'password of admin', 'port', 'certificate', 'tls'].map(
  (subject) => skipped(subject, 'not looked at: the configuration cannot be used'),
)

/** Checks that this configuration has no use for. */
function skippedBy({ storage, database, https }: Config): Finding[] {
  return [
    ...(storage.kind === 's3' ? [] : [skipped('bucket', 'not looked at: blobs lie in a folder')]),
    ...(database.kind === 'postgres' ? [] : [skipped('clock of PostgreSQL', 'not looked at: the database is SQLite')]),
    ...(https === undefined ? [skipped('certificate', 'not looked at: https is not configured')] : []),
  ]
}

/** A file that a registry elsewhere on this machine reads, and that this command did not find. */
function judgeNoFile(): Finding {
  const summary = 'no file: defaults, variables and flags'
  const elsewhere = ['/var/lib/berth/berth.yml', '/etc/berth/berth.yml', '/etc/berth/berth.yaml', 'berth.yaml'].filter(
    (file) => existsSync(file),
  )
  if (elsewhere.length === 0)
    return good('configuration', `${summary}; looked for ./berth.yml in ${process.cwd()} and /etc/berth/berth.yml`)
  return warning('configuration', `${summary}, although there is ${elsewhere.join(', ')}`, [
    `berth doctor --config ${elsewhere[0]}`,
  ])
}

function tryLoad(load: () => LoadedConfig, findings: Finding[]): LoadedConfig | undefined {
  try {
    const loaded = load()
    findings.push(
      ...loaded.warnings.map((sentence) => warning('configuration', sentence)),
      loaded.file === undefined ? judgeNoFile() : good('configuration', loaded.file),
    )
    return loaded
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    findings.push(...error.problems.map(({ setting, message }) => problem('configuration', `${setting}: ${message}`)))
    return undefined
  }
}

/** The certificate that is configured: as files, and as clients of this machine see it under every name we know of. */
async function diagnoseCertificate(
  config: Config,
  serving: ReadonlySet<number>,
  options: DoctorOptions,
): Promise<Finding[]> {
  if (config.https === undefined) return [judgePlainHttp(config, options)]
  const { port, certificate } = config.https
  if (certificate.from !== 'files') return await diagnoseOwnCertificate(config.https, serving, { ...options, config })
  let served: X509Certificate[]
  try {
    served = parseCertificates((await readTlsPair(certificate)).certificate)
  } catch (error) {
    return [problem('certificate', (error as Error).message)]
  }
  const findings: Finding[] = [good('certificate', `${certificate.certificateFile} and its key belong together`)]
  if (serving.has(port)) {
    const handshake = await fetchServedChain(localAddress(config.https.host), port, config.hostname ?? 'localhost')
    const same = handshake.kind === 'tls' && handshake.served[0]!.fingerprint256 === served[0]!.fingerprint256
    if (!same)
      findings.push(
        warning('certificate', 'the running Berth serves another one than the files hold', [
          'its log says why: "the new certificate cannot be used"',
        ]),
      )
  }
  for (const host of hostsOf(config)) findings.push(...checkTls({ host, served, ...options, now: options.now() }))
  return [...findings, ...checkHandover(options.machine.root)]
}

/** The registry gets its certificate by itself: what the running one serves is looked at, as clients see it. */
async function diagnoseOwnCertificate(
  { host, port, certificate }: NonNullable<Config['https']>,
  serving: ReadonlySet<number>,
  { config, ...options }: DoctorOptions & { readonly config: Config },
): Promise<Finding[]> {
  if (!serving.has(port))
    return [skipped('certificate', `it comes from ${certificate.from}, and is looked at while the registry runs`)]
  const handshake = await fetchServedChain(localAddress(host), port, config.hostname ?? 'localhost')
  if (handshake.kind !== 'tls')
    return [problem('certificate', `port ${port} does not speak TLS`, ['what keeps it: berth certificate status'])]
  const { served } = handshake
  return [
    good('certificate', `from ${certificate.from}, issued by "${nameOf(served[0]!.issuer)}"; berth certificate status`),
    ...hostsOf(config).flatMap((each) => checkTls({ host: each, served, ...options, now: options.now() })),
    ...checkHandover(options.machine.root),
  ]
}

/** The host that clients type before the first slash of an image's name. */
function hostsOf(config: Config): string[] {
  const port = config.https?.port ?? 443
  const suffix = port === 443 ? '' : `:${port}`
  const bracketed = (name: string) => (isIP(name) === 6 ? `[${name}]` : name)
  const hosts = new Set<string>()
  if (config.externalUrl !== undefined) hosts.add(new URL(config.externalUrl).host)
  if (config.hostname !== undefined) hosts.add(`${bracketed(config.hostname)}${suffix}`)
  if (hosts.size === 0) hosts.add(`${bracketed(machineName())}${suffix}`)
  return [...hosts]
}

function judgePlainHttp(config: Config, { client }: DoctorOptions): Finding {
  const { http } = config
  const local = http === undefined || /^127\.|^::1$|^localhost$/.test(http.host)
  if (local || config.externalUrl?.startsWith('https:'))
    return good('tls', local ? 'not needed: only this machine reaches the port' : 'ends at the proxy before us')
  const host = `${config.hostname ?? machineName()}:${http.port}`
  return warning(
    'tls',
    `clients on other machines say "http: server gave HTTP response to HTTPS client" about ${host}`,
    [
      'give Berth a certificate: https.certificate and https.private_key (berth docs tls)',
      `or, in a network you trust, tell each client: ${Object.entries(plainHttpAdvice(host))
        .flatMap(([name, advice]) => (client === undefined || client === name ? [advice] : []))
        .join('; ')}`,
    ],
  )
}

const plainHttpAdvice = (host: string): Readonly<Record<ClientTrust['client'], string>> => ({
  docker: `docker: {"insecure-registries": ["${host}"]} in /etc/docker/daemon.json, then restart it`,
  containerd: `containerd: server = "http://${host}" in /etc/containerd/certs.d/${host}/hosts.toml`,
  'podman, buildah, skopeo': 'podman: --tls-verify=false',
  'everything else': 'others: the address with http:// in front',
})

/** Looks at one registry as the clients of this machine do. */
export async function diagnoseUrl(url: URL, options: DoctorOptions): Promise<Finding[]> {
  const secure = url.protocol === 'https:'
  const port = Number(url.port || (secure ? 443 : 80))
  const name = bareName(url.host)
  const proxy = await checkProxy(url)
  if (!secure) return [...proxy, await judgeAnswer(url, options)]
  const handshake = await fetchServedChain(name, port, name)
  switch (handshake.kind) {
    case 'unreachable':
      return [
        problem(url.host, handshake.reason, [
          `getent hosts ${name}; a firewall between here and there? nc -vz ${name} ${port}`,
        ]),
      ]
    case 'plain':
      return [
        problem(url.host, 'speaks plain HTTP there: clients say "http: server gave HTTP response to HTTPS client"', [
          'use its HTTPS port, or give it a certificate (berth docs tls)',
        ]),
      ]
    case 'tls':
      return [
        good(url.host, `${handshake.protocol}, ${handshake.served.length} certificate(s)`),
        ...checkTls({ host: url.host, served: handshake.served, ...options, now: options.now() }),
        ...proxy,
        await judgeAnswer(url, options),
      ]
  }
}

/** Why a registry does not answer, in words instead of those of a library. */
async function explainSilence(url: URL, error: unknown): Promise<Finding> {
  const subject = `registry at ${url.host}`
  const name = bareName(url.host)
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  if (url.protocol === 'http:' && (await fetchServedChain(name, port, name)).kind === 'tls')
    return problem(subject, 'speaks TLS there: a client that asks for plain HTTP is cut off', [
      `berth doctor --url https://${url.host}`,
      'take the registry out of "insecure-registries" of docker, or give --tls-verify back to podman',
    ])
  const proxy = proxyFor(url)
  const through = proxy === undefined ? '' : `, asked through ${proxy.variable}`
  const { code, name: kind } = error as { code?: string; name?: string }
  if (kind === 'TimeoutError')
    return problem(subject, `does not answer within 5 s${through}`, [
      `a firewall that drops packets? nc -vz ${name} ${port}`,
    ])
  if (code === 'ConnectionRefused' || code === 'ECONNREFUSED')
    return problem(subject, `refuses the connection: nothing listens there${through}`, [
      `on its machine: ss -ltnp 'sport = :${port}'; is it started, and on this port?`,
    ])
  return problem(subject, `does not answer${through} (${code ?? kind ?? 'unknown'})`, [
    `getent hosts ${name}; nc -vz ${name} ${port}`,
  ])
}

/** Whether a registry answers there, and whether its clock agrees. The certificate has been judged already. */
async function judgeAnswer(url: URL, { now }: DoctorOptions): Promise<Finding> {
  const subject = `registry at ${url.host}`
  let answer: Response
  try {
    answer = await fetch(new URL('/v2/', url), {
      tls: { rejectUnauthorized: false },
      redirect: 'manual',
      signal: AbortSignal.timeout(5_000),
    } as RequestInit)
  } catch (error) {
    return await explainSilence(url, error)
  }
  if (answer.status === 308) return good(subject, `redirects to ${answer.headers.get('location')}`)
  if (answer.status !== 200 && answer.status !== 401)
    return problem(subject, `answers ${answer.status} to GET /v2/: no registry, or a proxy that does not pass it on`)
  const date = Date.parse(answer.headers.get('date') ?? '')
  if (Number.isNaN(date)) return skipped(`clock of ${url.host}`, 'the answer has no Date')
  // The header counts whole seconds.
  const skew = judgeSkew(`clock of ${url.host}`, date + 500, now())
  return skew.status === 'good' ? good(subject, 'answers as a registry, and its clock agrees') : skew
}
