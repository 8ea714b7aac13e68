import { algorithmOf, encodedOf, type Digest } from './digest.ts'

/** What cosign's tags end in: `sha256-….sig` names a signature of the digest, the others attestations and an SBOM. */
const suffixes = ['sig', 'att', 'sbom'] as const

export type DerivedTagSuffix = (typeof suffixes)[number]

/** A tag that was derived from a digest, with what it is for. */
export interface DerivedTag {
  readonly tag: string
  readonly suffix: DerivedTagSuffix
}

/** The tags by which cosign names what belongs to the subject, with what each is for. */
export function derivedTagsOf(subject: Digest): readonly DerivedTag[] {
  if (algorithmOf(subject) !== 'sha256') return []
  return suffixes.map((suffix) => ({ tag: `sha256-${encodedOf(subject)}.${suffix}`, suffix }))
}

/** Whom a tag says that its artifact belongs to; undefined for one that was not derived from a digest. */
export function subjectNamedBy(tag: string): Digest | undefined {
  const [, encoded, suffix = ''] = /^sha256-([0-9a-f]{64})\.([a-z]+)$/.exec(tag) ?? []
  return suffixes.some((each) => each === suffix) ? (`sha256:${encoded}` as Digest) : undefined
}
