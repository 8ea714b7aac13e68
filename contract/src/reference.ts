import { ContractError, quoted } from './contract-error.ts'
import { parseDigest, type Digest } from './digest.ts'

/** Mutable name of a manifest in a repository. */
export type TagName = string & { readonly __brand: 'TagName' }

export type Reference =
  | { readonly kind: 'tag'; readonly tag: TagName }
  | { readonly kind: 'digest'; readonly digest: Digest }

// distribution-spec v1.1 §pulling-manifests.
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

/** Throws `TAG_INVALID`. */
export function parseTagName(text: string): TagName {
  if (!tagPattern.test(text)) {
    throw new ContractError(
      'TAG_INVALID',
      `invalid tag ${quoted(text)}: a tag has 1 to 128 letters, digits, "_", "." and "-", and begins with neither "." nor "-"`,
    )
  }
  return text as TagName
}

/** A colon cannot stand in a tag, so what has one must be a digest. Throws `DIGEST_INVALID` or `TAG_INVALID`. */
export function parseReference(text: string): Reference {
  if (text.includes(':')) return { kind: 'digest', digest: parseDigest(text) }
  return { kind: 'tag', tag: parseTagName(text) }
}

export function formatReference(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest
}
