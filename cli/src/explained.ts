import type { Config } from '#server/config/config.ts'
import { ConfigError } from '#server/config/config-error.ts'
import { DomainError } from '#server/domain/errors.ts'
import type { Logging } from '#server/logging.ts'
import { asTyped } from './as-typed.ts'
import { CommandError, EndedWith } from './command-error.ts'
import { exitCodeOf, kindOfError, type ExitKind } from './exit-codes.ts'
import { explainPlace } from './explain-place.ts'

export interface Explained {
  readonly message: string
  readonly next: string | undefined
  readonly kind: ExitKind
  readonly reason: string | undefined
}

/** What is wrong, what to do about it, and which kind of failure it is. */
export function explained(error: unknown): Explained {
  if (error instanceof CommandError) return ofCommand(error)
  const known = explainPlace(error)
  if (known !== undefined) return ofCommand(known)
  const kind = kindOfError(error)
  if (error instanceof DomainError) {
    const next = `what it means: berth docs troubleshooting#${error.reason.toLowerCase()}`
    return { message: error.message, next, kind, reason: error.reason }
  }
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
  return { message: name === 'Error' ? message : `${name}: ${message}`, next: undefined, kind, reason: undefined }
}

/** An error that a command dressed with advice is still of the kind that it was. */
function ofCommand({ message, next, kind, reason, cause }: CommandError): Explained {
  const finer = reason ?? (cause instanceof DomainError ? cause.reason : undefined)
  return { message, next, kind: kind ?? kindOfError(cause), reason: finer }
}

/**
 * What keeps the server from starting, as a line of the log where programs read the log.
 * @throws EndedWith then, and the error itself where people read it
 */
export function reportFailure(error: unknown, { log }: Pick<Config, 'log'>, { logger, flush }: Logging): never {
  if (log.format !== 'json' || error instanceof EndedWith || error instanceof ConfigError) throw error
  const { message, next, kind } = explained(error)
  logger.fatal({ next: next === undefined ? [] : asTyped(next).split('\n') }, asTyped(message))
  flush()
  throw new EndedWith(exitCodeOf(kind))
}
