import type { Command } from 'commander'
import type { Config } from '#server/config/config.ts'
import { requestedFaultPoint } from '#server/config/fault-point.ts'
import { createLogging, type Logging } from '#server/logging.ts'
import { startRegistry, type RunningRegistry } from '#server/main.ts'
import { CommandError } from '../command-error.ts'
import { programName } from '../program-name.ts'
import { addSettingFlags, loadConfigFor } from '../setting-flags.ts'
import { enableFaultPoint } from '#server/runtime/fault-points.ts'
import { version } from '#server/version.ts'
import { nextSteps } from './next-steps.ts'

export function registerServeCommand(program: Command): void {
  addSettingFlags(program.command('serve'), { showAll: true })
    .description('start the registry')
    .action(async (_options: unknown, command: Command) => {
      const { config, warnings } = loadConfigFor(command)
      const logging = createLogging(config.log)
      for (const warning of warnings) logging.logger.warn(warning)
      await serve(config, logging)
    })
}

async function serve(config: Config, logging: Logging): Promise<void> {
  const { logger } = logging
  process.on('exit', () => logging.flush())
  // Heard from now on: a supervisor may change its mind while the registry is still starting.
  const stopping = waitForSignal((signal) => logger.info({ signal }, 'stopping: finishing the requests under way'))
  const startedAt = performance.now()
  const registry = await startRegistry(config, logging).catch(async (error: unknown) => {
    await logging.close()
    throw explainStart(error, config)
  })
  const ready = { version, urls: registry.urls, ms: Math.round(performance.now() - startedAt) }
  logger.info(ready, 'ready')
  const faultPoint = requestedFaultPoint()
  if (faultPoint !== undefined) {
    enableFaultPoint(faultPoint)
    logger.warn(`TEST: this process kills itself at ${faultPoint}, because BERTH_TEST_FAULT_POINT is set`)
  }
  warnLoudly(config, registry, logging)
  // Whoever asks for JSON reads both streams by machine.
  if (config.log.format !== 'json') console.log(nextSteps(config, registry))

  // A rejection that nobody awaited is a bug worth a line, not the end of everyone's pulls.
  process.on('unhandledRejection', (error) => logger.error({ error }, 'unhandled rejection'))
  process.on('uncaughtException', (error) => {
    logger.fatal({ error }, 'uncaught exception')
    logging.flush()
    process.exit(1)
  })

  await stopping
  await registry.stop()
  logger.info('stopped')
  await logging.close()
}

/** Resolves at the first SIGINT or SIGTERM; a later one (npm and a terminal send the first twice) ends the process. */
function waitForSignal(onSignal: (signal: NodeJS.Signals) => void): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined
    const hear = (signal: NodeJS.Signals) => {
      if (firstAt === undefined) {
        firstAt = performance.now()
        onSignal(signal)
        resolve()
      } else if (performance.now() - firstAt > 1_000) {
        process.exit(130)
      }
    }
    process.on('SIGINT', hear)
    process.on('SIGTERM', hear)
  })
}

function warnLoudly(config: Config, registry: RunningRegistry, { logger }: Logging): void {
  if (config.open) {
    logger.warn('OPEN: no accounts. Whoever reaches this port may pull, push and delete everything.')
  } else if (registry.defaultPasswordStands) {
    logger.warn(
      `THE DEFAULT PASSWORD STANDS: admin / Harbor12345 is in every manual, so admin is admitted from this machine only. Change it: ${programName} user set-password admin`,
    )
  }
}

function explainStart(error: unknown, config: Config): unknown {
  const { code } = error as { code?: string }
  if (code === 'EADDRINUSE') {
    const ports = [config.http?.port, config.https?.port, config.metrics.listen?.port].filter(
      (port) => port !== undefined,
    )
    return new CommandError(`a port is taken (${ports.join(', ')})`, {
      next: `another Berth may be running: berth doctor\nor choose another port: berth serve --port ${(config.http?.port ?? 8080) + 1}`,
      cause: error,
    })
  }
  if (code === 'EACCES') {
    return new CommandError(`not allowed: ${(error as Error).message}`, {
      next: 'a port below 1024 needs the right CAP_NET_BIND_SERVICE; a folder must be writable by this user',
      cause: error,
    })
  }
  return error
}
