import { isDeepStrictEqual } from 'node:util'
import { ConfigError } from '#server/config/config-error.ts'
import type { Config } from '#server/config/config.ts'
import type { LogChoice, Logging } from '#server/logging.ts'

export interface Reloads {
  /** Called with what is logged, now if it has changed already and at each change. */
  onChoice(listener: (choice: LogChoice) => void): void
}

export interface ReloadOptions {
  readonly config: Config
  readonly logging: Logging
  /** @throws ConfigError when the configuration cannot be used any more */
  readonly loadAgain: () => Config
}

/**
 * SIGHUP reads the configuration again and takes from it what is logged; certificates are read again by themselves
 * whenever their files change. SIGUSR1 turns debug lines on, and off again. Without this both signals, which log
 * rotations and closed terminals send, would end the registry in the middle of its requests.
 */
export function followReloads({ config, logging, loadAgain }: ReloadOptions): Reloads {
  const { logger } = logging
  let configured: LogChoice = config.log
  let debugs = false
  let listener: ((choice: LogChoice) => void) | undefined
  const choice = (): LogChoice => ({ level: debugs ? 'debug' : configured.level, requests: configured.requests })
  const apply = () => {
    logging.choose(choice())
    listener?.(choice())
  }
  process.on('SIGHUP', () => {
    try {
      const changed = loadAgain()
      configured = changed.log
      apply()
      logger.info(
        { ...inWords(choice()), afterRestart: settingsForRestart(config, changed) },
        'the configuration was read again',
      )
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems : undefined
      logger.error({ problems, error }, 'the configuration cannot be used; the one of the start stays in force')
    }
  })
  process.on('SIGUSR1', () => {
    debugs = !debugs
    apply()
    logger.warn(inWords(choice()), debugs ? 'debug lines are on, until the next SIGUSR1' : 'debug lines are off')
  })
  return {
    onChoice(each) {
      listener = each
      const { level, requests } = choice()
      if (level !== config.log.level || requests !== config.log.requests) each({ level, requests })
    },
  }
}

/** `level` is that of the line itself. */
const inWords = ({ level, requests }: LogChoice) => ({ logLevel: level, logRequests: requests })

/** Parts of the configuration that differ and are read at the start only. */
function settingsForRestart(current: Config, changed: Config): string[] {
  const { level: _, requests: _requests, ...log } = changed.log
  const { level: __, requests: __requests, ...logNow } = current.log
  const keys = Object.keys(changed) as (keyof Config)[]
  const own = new Set<keyof Config>(['log', 'beginNew', 'locatingFlags', 'shownSettings'])
  const differing = keys.filter((key) => !own.has(key) && !isDeepStrictEqual(current[key], changed[key]))
  return isDeepStrictEqual(log, logNow) ? differing : [...differing, 'log']
}
