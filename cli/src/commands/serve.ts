import type { Command } from 'commander'
import type { Config } from '#server/config/config.ts'
import { createLogging, type Logging, type LogChoice } from '#server/logging.ts'
import { serviceManagerEnvironment } from '#server/config/service-manager-environment.ts'
import { composeServiceManager } from '#server/runtime/service-manager.ts'
import { startOwnProgram } from '#server/runtime/worker-process.ts'
import { version } from '#server/version.ts'
import type { FromWorker, ReadyFacts, ToWorker } from '#server/workers/messages.ts'
import { lookForHungEveryMs, Supervisor, WorkersFailed, type EndedWorker } from '#server/workers/supervisor.ts'
import { claimData } from '../data-claim.ts'
import { EndedWith } from '../command-error.ts'
import { reportFailure } from '../explained.ts'
import { asTyped } from '../as-typed.ts'
import { addSettingFlags, loadConfigFor } from '../setting-flags.ts'
import { waitForSignal } from '../wait-for-signal.ts'
import { followReloads } from './follow-reloads.ts'
import { nextSteps } from './next-steps.ts'

/** Begun by `serve`, with the worker's number behind it. */
export const workerCommand = 'serve-worker'

/** A worker notices the end of its time for draining itself; after so much more it hangs. */
const afterDrainMs = 10_000

export function registerServeCommand(program: Command): void {
  addSettingFlags(program.command('serve'), { showAll: true })
    .description('start the registry')
    .option('--new', 'begin a new registry although the store has blobs, which no database knows any more')
    .action(async (flags: { readonly new?: true }, command: Command) => {
      const { config: loaded, warnings } = loadConfigFor(command)
      const config = { ...loaded, beginNew: flags.new === true }
      const logging = createLogging(config.log)
      for (const warning of warnings) logging.logger.warn(warning)
      process.on('exit', () => logging.flush())
      try {
        await serve(config, logging, () => loadConfigFor(command).config)
      } catch (error) {
        reportFailure(error, config, logging)
      }
    })
  program
    .command(`${workerCommand} <number>`, { hidden: true })
    .description('one of the workers of berth serve')
    .action(async (number: string) => {
      const { serveAsWorker } = await import('./serve-registry.ts')
      await serveAsWorker(Number(number))
    })
}

async function serve(config: Config, logging: Logging, loadAgain: () => Config): Promise<void> {
  const { logger } = logging
  // Heard from now on: a supervisor may change its mind while the registry is still starting.
  const stopping = waitForSignal((signal) => logger.info({ signal }, 'stopping: finishing the requests under way'))
  const reloads = followReloads({ config, logging, loadAgain })
  using _claim = claimData(config, logger)
  // Its watchdog beats in this process, which is the parent where there are several workers.
  using manager = composeServiceManager(serviceManagerEnvironment())
  const startedAt = performance.now()
  const started =
    config.workers > 1 ? await startWorkers(config, logging, stopping.second) : await startHere(config, logging)
  reloads.onChoice((choice) => started.setLogChoice(choice))
  const { workers } = config
  const ms = Math.round(performance.now() - startedAt)
  manager?.ready(`serving ${started.urls.join(', ')}`)
  logger.info({ version, urls: started.urls, ms, ...(workers > 1 ? { workers } : {}) }, 'ready')
  warnLoudly(config, started, logging)
  // When JSON is asked for, programs read both streams.
  if (config.log.format !== 'json') console.log(nextSteps(config, started))
  await stopping.first
  manager?.stopping()
  await started.stop()
  logger.info('stopped')
  await logging.close()
}

interface Started extends ReadyFacts {
  stop(): Promise<void>
  /** In the other processes. */
  setLogChoice(choice: LogChoice): void
}

/** Loaded when it is wanted: the parent of workers stays small. */
async function startHere(config: Config, logging: Logging): Promise<Started> {
  const { startInThisProcess } = await import('./serve-registry.ts')
  return { ...(await startInThisProcess(config, logging)), setLogChoice: () => {} }
}

async function startWorkers(
  config: Config,
  logging: Logging,
  onSecondSignal: (work: () => void) => void,
): Promise<Started> {
  const { logger } = logging
  const supervisor = new Supervisor({
    count: config.workers,
    config,
    spawn: (number) => startOwnProgram<ToWorker, FromWorker>([workerCommand, String(number)]),
    stopTimeoutMs: config.drainDelayMs + config.drainTimeoutMs + afterDrainMs,
    onEnded: (ended) => logEnd(logging, ended),
    onHung: (hung) => logger.error(hung, 'a worker hangs: it is cut off'),
  })
  setInterval(() => supervisor.cutOffHung(), lookForHungEveryMs).unref()
  onSecondSignal(() => supervisor.killAll())
  try {
    const facts = await supervisor.start()
    return { ...facts, stop: () => supervisor.stop(), setLogChoice: (choice) => supervisor.setLogChoice(choice) }
  } catch (error) {
    await logging.close()
    // The worker has said what is wrong.
    if (error instanceof WorkersFailed) throw new EndedWith(error.exitCode)
    logger.fatal({ error }, 'the workers cannot be supervised')
    throw error
  }
}

function logEnd({ logger }: Logging, { worker, pid, code, signal, restartInMs }: EndedWorker): void {
  const facts = { worker, pid, code, signal }
  if (restartInMs === undefined) logger.debug(facts, 'a worker has ended')
  else logger.error({ ...facts, restartInMs }, 'a worker has ended and is started again; the others go on')
}

function warnLoudly(config: Config, { defaultPasswordStands }: ReadyFacts, { logger }: Logging): void {
  if (config.open) {
    logger.warn('OPEN: no accounts. Every client that reaches this port may pull, push and delete everything.')
  } else if (defaultPasswordStands) {
    logger.warn(
      `THE DEFAULT PASSWORD STANDS: admin / Harbor12345 is in every manual, so admin is admitted from this machine only. Change it: ${asTyped('berth user set-password admin')}`,
    )
  }
}
