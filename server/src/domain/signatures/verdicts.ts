import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { MethodState } from '../../database/schema/signatures.ts'

/** The families of signatures, each with its own switch in Harbor: cosign with Sigstore, and the Notary Project. */
export const signatureMethods = ['cosign', 'notation'] as const

export type SignatureMethod = (typeof signatureMethods)[number]

/**
 * `verified`: by somebody who is trusted. `unnamed`: well formed over this very digest, where nobody is trusted yet, for
 * the project or the registry. `untrusted`: well formed, by none of those who are trusted. `refused`: there are only forged or
 * unreadable ones. `expired`: it was verified, and its time is over. `pending`: whom to trust has changed since, and it
 * was not looked at again yet.
 */
export type VerdictState = MethodState | 'expired' | 'pending'

export interface MethodVerdict {
  readonly state: VerdictState
  /** Whose signature counts, of those who are trusted. */
  readonly signerId: number | undefined
  /** The index whose signature covers it; undefined for one of its own. */
  readonly index: Digest | undefined
  /** When it ends, in milliseconds. */
  readonly until: number | undefined
}

export type SignatureVerdict = Readonly<Record<SignatureMethod, MethodVerdict>>

export interface VerdictQuestion {
  readonly projectId: number
  /** A signature counts in the repository where it lies: elsewhere the same digest is another matter. */
  readonly repositoryId: number
  readonly digest: string
  /** In milliseconds. */
  readonly now: number
}

interface VerdictRow {
  readonly cosign_state: MethodState
  readonly cosign_signer: number | null
  readonly cosign_until: number | null
  readonly cosign_index: string | null
  readonly cosign_alive: number | null
  readonly notation_state: MethodState
  readonly notation_signer: number | null
  readonly notation_until: number | null
  readonly notation_index: string | null
  readonly notation_alive: number | null
  readonly named: number | null
}

const findVerdict = preparedQuery<Omit<VerdictQuestion, 'now'>, VerdictRow>((db, param) =>
  db
    .selectFrom('signature_verdict as verdict')
    .leftJoin('trusted_signer as cosign', 'cosign.id', 'verdict.cosign_signer')
    .leftJoin('trusted_signer as notation', 'notation.id', 'verdict.notation_signer')
    .select(['cosign_state', 'cosign_signer', 'cosign_until', 'cosign_index', 'cosign.id as cosign_alive'])
    .select(['notation_state', 'notation_signer', 'notation_until', 'notation_index', 'notation.id as notation_alive'])
    .select((eb) =>
      eb
        .selectFrom('trusted_signer as any')
        .select('any.id')
        .where((where) =>
          where.or([where('any.project_id', 'is', null), where('any.project_id', '=', param('projectId'))]),
        )
        .limit(1)
        .as('named'),
    )
    .where('verdict.repository_id', '=', param('repositoryId'))
    .where('verdict.digest', '=', param('digest')),
)

/**
 * What signatures say of an artifact: one row, by its key, with whether the signer is still trusted. Right at every moment: a
 * signer that was removed counts no more from the commit on, and a signature whose time is over neither. Jobs only bring the
 * row up to date.
 *
 * For a gate: `verified` counts. `unnamed` is what Harbor calls signed, so it counts where a project has content trust switched on
 * and nobody was named. Nothing else does; a project without rows is `unsigned`. The digest is that of the manifest which is pulled:
 * children of a signed index have rows of their own. Signatures themselves have none: what verifies an image must read them first.
 *
 *     const { cosign } = await verdictOf(reader, { projectId, repositoryId, digest, now: clock.now() })
 *     if (!counts(cosign)) throw new DomainError(…, 'The image is not signed by cosign.')
 */
export async function verdictOf(reader: Reader, { now, ...question }: VerdictQuestion): Promise<SignatureVerdict> {
  const row = await findVerdict.first(reader, question)
  if (row === undefined) return { cosign: unsigned, notation: unsigned }
  const isNamed = row.named !== null
  return {
    cosign: verdictNow(
      { state: row.cosign_state, signer: row.cosign_signer, until: row.cosign_until, index: row.cosign_index },
      { isAlive: row.cosign_alive !== null, isNamed, now },
    ),
    notation: verdictNow(
      { state: row.notation_state, signer: row.notation_signer, until: row.notation_until, index: row.notation_index },
      { isAlive: row.notation_alive !== null, isNamed, now },
    ),
  }
}

/** Whether a signature counts: somebody trusted made it, or there is nobody yet who is trusted. */
export const counts = ({ state }: MethodVerdict): boolean => state === 'verified' || state === 'unnamed'

const unsigned: MethodVerdict = { state: 'unsigned', signerId: undefined, index: undefined, until: undefined }

interface Kept {
  readonly state: MethodState
  readonly signer: number | null
  readonly until: number | null
  readonly index: string | null
}

/** What was written down, as it is at this moment. */
function verdictNow(
  { state, signer, until, index }: Kept,
  { isAlive, isNamed, now }: { readonly isAlive: boolean; readonly isNamed: boolean; readonly now: number },
): MethodVerdict {
  const stateNow: VerdictState =
    (state === 'verified' && !isAlive) || (state === 'unnamed' && isNamed)
      ? 'pending'
      : (state === 'verified' || state === 'unnamed') && until !== null && until <= now
        ? 'expired'
        : state
  return {
    state: stateNow,
    signerId: signer ?? undefined,
    index: (index ?? undefined) as Digest | undefined,
    until: until ?? undefined,
  }
}
