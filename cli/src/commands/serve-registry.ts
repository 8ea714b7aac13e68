import type { Config } from '#server/config/config.ts'
import { flagOf } from '#server/config/sources.ts'
import { requestedFaultPoint } from '#server/config/fault-point.ts'
import { createLogging, type Logging, type LogChoice } from '#server/logging.ts'
import { startRegistry, type RunningRegistry } from '#server/main.ts'
import { enableFaultPoint } from '#server/runtime/fault-points.ts'
import { parentProcess } from '#server/runtime/worker-process.ts'
import type { FromWorker, ToWorker } from '#server/workers/messages.ts'
import { WorkerLink } from '#server/workers/worker-link.ts'
import { rememberFlags } from '../as-typed.ts'
import { DatabaseCorrupt, DatabaseUnavailable } from '#server/database/database.ts'
import { StorageUnavailable } from '#server/storage/blob-store.ts'
import { CommandError } from '../command-error.ts'
import { reportFailure } from '../explained.ts'

/** Starts the registry in this process, with what an operator needs when it does not start. */
export async function startInThisProcess(
  config: Config,
  logging: Logging,
  worker?: WorkerLink,
): Promise<RunningRegistry> {
  const { logger } = logging
  const registry = await startRegistry(config, logging, worker).catch(async (error: unknown) => {
    await logging.close()
    throw explainStart(error, config)
  })
  const faultPoint = requestedFaultPoint()
  if (faultPoint !== undefined) {
    enableFaultPoint(faultPoint)
    logger.warn(`TEST: this process kills itself at ${faultPoint}, because BERTH_TEST_FAULT_POINT is set`)
  }
  // An unhandled rejection is a bug worth a line; it must not end every pull.
  process.on('unhandledRejection', (error) => logger.error({ error }, 'unhandled rejection'))
  process.on('uncaughtException', (error) => {
    logger.fatal({ error }, 'uncaught exception')
    logging.flush()
    process.exit(1)
  })
  return registry
}

/** One of the workers of `berth serve`. It obeys its parent and ends with it. */
export async function serveAsWorker(number: number): Promise<void> {
  const parent = parentProcess<FromWorker, ToWorker>()
  // A terminal sends these to the parent too, which tells us.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {})
  const stopping = Promise.withResolvers<string>()
  process.on('SIGTERM', () => stopping.resolve('SIGTERM'))
  parent.onGone(() => stopping.resolve('the parent process is gone'))
  const choices = new LatestChoice()
  const onStop = () => stopping.resolve('stop')
  const { start, link } = await heardStart(parent, number, { onStop, onChoice: (choice) => choices.set(choice) })
  try {
    await serveUntil(stopping.promise, { parent, start, link, choices })
  } finally {
    // The channel would keep this process alive.
    parent.release()
  }
}

interface WorkerSetting {
  readonly parent: ReturnType<typeof parentProcess<FromWorker, ToWorker>>
  readonly start: Start
  readonly link: WorkerLink
  readonly choices: LatestChoice
}

/** What the parent chose may come before there is a log. */
class LatestChoice {
  #choice: LogChoice | undefined
  #logging: Logging | undefined

  set(choice: LogChoice): void {
    this.#choice = choice
    this.#logging?.choose(choice)
  }

  follow(logging: Logging): void {
    this.#logging = logging
    if (this.#choice !== undefined) logging.choose(this.#choice)
  }
}

async function serveUntil(stopping: Promise<string>, { parent, start, link, choices }: WorkerSetting): Promise<void> {
  const config = start.config as Config
  rememberFlags(config)
  const logging = createLogging({ ...config.log, worker: link.number })
  choices.follow(logging)
  const { logger } = logging
  process.on('exit', () => logging.flush())
  const registry = await startInThisProcess(config, logging, link).catch((error: unknown) =>
    reportFailure(error, config, logging),
  )
  logger.info({ pid: process.pid }, 'worker ready')
  link.sayAlive()
  parent.send({ kind: 'ready', urls: registry.urls, defaultPasswordStands: registry.defaultPasswordStands })

  const reason = await stopping
  logger.info({ reason }, 'worker stopping: finishing the requests under way')
  await registry.stop()
  await logging.close()
}

type Start = Extract<ToWorker, { readonly kind: 'start' }>

async function heardStart(
  parent: ReturnType<typeof parentProcess<FromWorker, ToWorker>>,
  number: number,
  { onStop, onChoice }: { readonly onStop: () => void; readonly onChoice: (choice: LogChoice) => void },
): Promise<{ readonly start: Start; readonly link: WorkerLink }> {
  return await new Promise((resolve) => {
    let link: WorkerLink | undefined
    parent.onMessage((message) => {
      if (message.kind === 'start') {
        link = new WorkerLink(parent, { number, joins: message.joins })
        resolve({ start: message, link })
      } else if (message.kind === 'stop') onStop()
      else if (message.kind === 'log-choice') onChoice(message.choice)
      else link?.hear(message)
    })
  })
}

/** With the flag of the port that is taken: the plain one, that of HTTPS or that of the metrics. */
function explainTakenPort(error: { readonly port?: number }, config: Config): CommandError {
  const ports = [
    { flag: '--port', port: config.http?.port },
    { flag: flagOf('https.port'), port: config.https?.port },
    { flag: flagOf('metrics.port'), port: config.metrics.listen?.port },
  ].filter(({ port }) => port !== undefined)
  const { flag, port = 8080 } = ports.find((each) => each.port === error.port) ?? ports[0] ?? { flag: '--port' }
  return new CommandError(`a port is taken (${error.port ?? ports.map((each) => each.port).join(', ')})`, {
    next: `another Berth may be running: berth doctor\nor choose another port: berth serve ${flag} ${port + 1}`,
    cause: error,
  })
}

function explainStart(error: unknown, config: Config): unknown {
  const { code } = error as { code?: string }
  if (code === 'EADDRINUSE') return explainTakenPort(error as { readonly port?: number }, config)
  if (code === 'EACCES') {
    return new CommandError(`not allowed: ${(error as Error).message}`, {
      next: 'a port below 1024 needs the right CAP_NET_BIND_SERVICE; a folder must be writable by this user',
      cause: error,
    })
  }
  if (code === 'EADDRNOTAVAIL') {
    const hosts = [config.http?.host, config.https?.host, config.metrics.listen?.host].filter(
      (host) => host !== undefined,
    )
    return new CommandError(`this machine does not have an address to listen on: ${hosts.join(', ')}`, {
      next: 'its addresses: ip addr\nset http.host, https.host or metrics.host to one of them, or to 0.0.0.0 for all',
      cause: error,
    })
  }
  const isUnusable = error instanceof DatabaseUnavailable && !(error instanceof DatabaseCorrupt)
  if (isUnusable || error instanceof StorageUnavailable) {
    return new CommandError(error.message, {
      next: 'what is wrong, and with which file: berth doctor\nwhere each setting comes from: berth config show',
      kind: 'failed',
      cause: error,
    })
  }
  const { https } = config
  if (https !== undefined && error instanceof Error && isAboutFile(error, https)) {
    return new CommandError(error.message, {
      next: 'set https.certificate and https.private_key to PEM files that this account may read (berth docs tls)\nhow clients see them: berth doctor',
      cause: error,
    })
  }
  return error
}

const isAboutFile = ({ message }: Error, { certificate }: NonNullable<Config['https']>): boolean =>
  certificate.from === 'files' &&
  [certificate.certificateFile, certificate.privateKeyFile].some((file) => message.includes(file))
