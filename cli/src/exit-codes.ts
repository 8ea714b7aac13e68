import { statusOf } from '#server/http/harbor/frame/harbor-error.ts'
import { DomainError } from '#server/domain/errors.ts'

/** Every exit code of the program. A code never changes its meaning; a new kind takes a number that is free. */
export const exitCodes = [
  { code: 0, kind: 'done', meaning: 'It is done, or nothing is wrong.' },
  { code: 1, kind: 'failed', meaning: 'It failed, or a check found something to mend.' },
  { code: 2, kind: 'usage', meaning: 'The command line is wrong, or a value in it cannot be taken.' },
  {
    code: 3,
    kind: 'incomplete',
    meaning: 'An import or export left something out, or a scan could not look into something; it said what.',
  },
  {
    code: 4,
    kind: 'not-found',
    meaning:
      'What was named is not there, or may not be seen; of a scan: vulnerability data, or data that is new enough.',
  },
  { code: 5, kind: 'conflict', meaning: 'There is one already, or something stands in the way.' },
  { code: 6, kind: 'refused', meaning: 'The account may not do this, or a rule of the registry forbids it.' },
  { code: 7, kind: 'not-signed-in', meaning: 'A password, token or session is wrong, missing or over.' },
  {
    code: 8,
    kind: 'unreachable',
    meaning: 'Server, database or storage does not answer, or its certificate is not trusted.',
  },
  { code: 9, kind: 'corrupt', meaning: 'The database or stored bytes are damaged.' },
  { code: 10, kind: 'busy', meaning: 'Too many attempts or requests: wait, then try again.' },
  { code: 11, kind: 'full', meaning: 'A disk or bucket is full.' },
  { code: 78, kind: 'configuration', meaning: 'The configuration cannot be used.' },
  { code: 130, kind: 'interrupted', meaning: 'Ctrl+C or a signal ended it; what is kept was said.' },
] as const

export type ExitKind = (typeof exitCodes)[number]['kind']

export const exitCodeOf = (kind: ExitKind): number => exitCodes.find((each) => each.kind === kind)!.code

export const kindOfCode = (code: number): ExitKind => exitCodes.find((each) => each.code === code)?.kind ?? 'failed'

/** By the status of an answer; of this registry's own rules, too, which have one. */
export function kindOfStatus(status: number): ExitKind {
  if (status === 401) return 'not-signed-in'
  if (status === 403 || status === 405) return 'refused'
  if (status === 404 || status === 410) return 'not-found'
  if (status === 409 || status === 412) return 'conflict'
  if (status === 429) return 'busy'
  if (status === 507) return 'full'
  if (status === 502 || status === 503 || status === 504) return 'unreachable'
  return status >= 400 && status < 500 ? 'usage' : 'failed'
}

/** By name: the classes would load the database's drivers into the parent of workers, which stays small. */
const kindsByName: Readonly<Record<string, ExitKind>> = {
  ContractError: 'usage',
  DatabaseCorrupt: 'corrupt',
  DatabaseFull: 'full',
  DatabaseUnavailable: 'unreachable',
  StorageFull: 'full',
  StorageUnavailable: 'unreachable',
}

export function kindOfError(error: unknown): ExitKind {
  if (error instanceof DomainError) return kindOfStatus(statusOf(error.code))
  return error instanceof Error ? (kindsByName[error.name] ?? 'failed') : 'failed'
}
