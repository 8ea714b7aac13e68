import { isDeepStrictEqual } from 'node:util'
import { ConfigError } from '#server/config/config-error.ts'
import type { Config } from '#server/config/config.ts'
import type { Logging, LogLevel } from '#server/logging.ts'

export interface Reloads {
  /** Called with the level in force, now if it has changed already and at each change. */
  onLevel(listener: (level: LogLevel) => void): void
}

export interface ReloadOptions {
  readonly config: Config
  readonly logging: Logging
  /** @throws ConfigError when the configuration cannot be used any more */
  readonly loadAgain: () => Config
}

/**
 * SIGHUP reads the configuration again and takes the level of the log from it; certificates are read again by themselves
 * whenever their files change. SIGUSR1 turns debug lines on, and off again. Without this both signals, which log
 * rotations and closed terminals send, would end the registry in the middle of its requests.
 */
export function followReloads({ config, logging, loadAgain }: ReloadOptions): Reloads {
  const { logger } = logging
  let configured = config.log.level
  let debugs = false
  let listener: ((level: LogLevel) => void) | undefined
  const level = (): LogLevel => (debugs ? 'debug' : configured)
  const apply = () => {
    logging.setLevel(level())
    listener?.(level())
  }
  process.on('SIGHUP', () => {
    try {
      const changed = loadAgain()
      configured = changed.log.level
      apply()
      logger.info(
        { level: level(), afterRestart: settingsForRestart(config, changed) },
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
    logger.warn({ level: level() }, debugs ? 'debug lines are on, until the next SIGUSR1' : 'debug lines are off')
  })
  return {
    onLevel(each) {
      listener = each
      if (level() !== config.log.level) each(level())
    },
  }
}

/** Parts of the configuration that differ and are read at the start only. */
function settingsForRestart(current: Config, changed: Config): string[] {
  const { level: _, ...log } = changed.log
  const { level: __, ...logNow } = current.log
  const keys = Object.keys(changed) as (keyof Config)[]
  const own = new Set<keyof Config>(['log', 'beginNew', 'locatingFlags'])
  const differing = keys.filter((key) => !own.has(key) && !isDeepStrictEqual(current[key], changed[key]))
  return isDeepStrictEqual(log, logNow) ? differing : [...differing, 'log']
}
