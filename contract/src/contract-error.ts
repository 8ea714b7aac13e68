/** The refusals of this folder's parsers, by codes that never change. */
export type ContractErrorCode =
  | 'DIGEST_INVALID'
  | 'NAME_INVALID'
  | 'TAG_INVALID'
  | 'MANIFEST_INVALID'
  | 'SCOPE_INVALID'
  | 'PAGE_INVALID'
  | 'PATTERN_INVALID'
  | 'TEXT_INVALID'

/** Text from outside is malformed. `message` is a sentence for the person who sent it. */
export class ContractError extends Error {
  override readonly name = 'ContractError'
  readonly code: ContractErrorCode

  constructor(code: ContractErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

const shownLength = 80

/**
 * Foreign text as it may stand in a message: quoted, escaped (one line, no control characters) and cut, so that
 * neither a log line nor an answer can be forged or swollen by it.
 */
export function quoted(text: string): string {
  const shown = text.length > shownLength ? `${text.slice(0, shownLength)}…` : text
  return JSON.stringify(shown)
}
