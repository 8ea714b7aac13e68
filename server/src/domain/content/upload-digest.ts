import type { DigestAlgorithm } from '#contract/digest.ts'
import { continueHasher, type Hasher } from '../../runtime/hasher.ts'

/**
 * The digest of an upload's bytes so far, as it stands in the upload's row: a state that any process can go on from, or,
 * where the hasher has none to give, the digest itself, with which any process can finish the upload. Both say of how
 * many bytes: an older version of Berth moves the offset without them.
 */
export function digestStateOf(hasher: Hasher, offset: number): string {
  return hasher.save?.() ?? `${finished}:${offset}:${hasher.digestHex()}`
}

const finished = 'finished'

interface Progress {
  readonly algorithm: DigestAlgorithm
  readonly offset: number
  readonly digest_state: string | null
}

/** A hasher that goes on behind the row's bytes; undefined when the row does not have its state. */
export function hasherBehind({ algorithm, offset, digest_state: state }: Progress): Hasher | undefined {
  return state === null ? undefined : continueHasher(algorithm, state, offset)
}

/** The digest of the row's bytes in hex; undefined when the row does not say. */
export function digestIn(row: Progress): string | undefined {
  const start = `${finished}:${row.offset}:`
  if (row.digest_state?.startsWith(start) === true) return row.digest_state.slice(start.length)
  return hasherBehind(row)?.digestHex()
}
