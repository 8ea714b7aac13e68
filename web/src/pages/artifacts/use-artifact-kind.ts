import { artifactKindOf, type ArtifactKind } from '#contract/artifact-types.ts'
import { useGraph } from './artifact-graph-query.ts'
import type { ArtifactDetails, ArtifactPartProps } from './artifact-part.ts'

/** Of a single image; an index is what it is. */
const hasFormOfImage = ({ type, references }: ArtifactDetails) => type === 'IMAGE' && references === null

export interface FoundKind {
  /** Undefined where no specification known here has it. */
  readonly kind: ArtifactKind | undefined
  /** The type and the tags that say so. */
  readonly artifactType: string
  readonly tags: readonly string[]
  /** What has the form of an image may be something else until the answer comes. */
  readonly isCertain: boolean
  /** An attestation or a signature in the form of an image: no client runs it. */
  readonly isDisguised: boolean
}

/** What an artifact is. Attestations and signatures in the form of an image are known by what they hold. */
export function useArtifactKind({ place, artifact }: Pick<ArtifactPartProps, 'place' | 'artifact'>): FoundKind {
  const { data, error } = useGraph({ place, artifact })
  const node = data?.nodes.find(({ digest }) => digest === artifact.digest)
  const artifactType = node?.artifact_type ?? artifact.artifact_type
  const tags = node?.tags ?? (artifact.tags ?? []).map(({ name }) => name)
  const kind = artifactKindOf(artifact.type, artifactType, tags)
  return {
    kind,
    artifactType,
    tags,
    isCertain: node !== undefined || error !== null || !hasFormOfImage(artifact),
    isDisguised: hasFormOfImage(artifact) && kind !== 'image',
  }
}
