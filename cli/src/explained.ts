import type { Config } from '#server/config/config.ts'
import { ConfigError } from '#server/config/config-error.ts'
import { DomainError } from '#server/domain/errors.ts'
import type { Logging } from '#server/logging.ts'
import { asTyped } from './as-typed.ts'
import { CommandError, EndedWith } from './command-error.ts'
import { explainPlace } from './explain-place.ts'

/** What is wrong and what to do about it. */
export function explained(error: unknown): Pick<CommandError, 'message' | 'next' | 'exitCode'> {
  if (error instanceof CommandError) return error
  const known = explainPlace(error)
  if (known !== undefined) return known
  if (error instanceof DomainError) return { message: error.message, next: undefined, exitCode: undefined }
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
  return { message: name === 'Error' ? message : `${name}: ${message}`, next: undefined, exitCode: undefined }
}

/**
 * What keeps the server from starting, as a line of the log where programs read the log.
 * @throws EndedWith then, and the error itself where people read it
 */
export function reportFailure(error: unknown, { log }: Pick<Config, 'log'>, { logger, flush }: Logging): never {
  if (log.format !== 'json' || error instanceof EndedWith || error instanceof ConfigError) throw error
  const { message, next, exitCode } = explained(error)
  logger.fatal({ next: next === undefined ? [] : asTyped(next).split('\n') }, asTyped(message))
  flush()
  throw new EndedWith(exitCode ?? 1)
}
