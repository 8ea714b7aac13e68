import { StatusBadge } from '../../components/values.tsx'
import { useGraph } from './artifact-graph-query.ts'
import type { ArtifactDetails } from './artifact-part.ts'
import type { Place } from './artifact-columns.tsx'
import { useTypeName } from './type-name.ts'

/** What an artifact is. Attestations and signatures in the clothes of an image are known by what they hold. */
export function KindMark({ place, artifact }: { readonly place: Place; readonly artifact: ArtifactDetails }) {
  const typeName = useTypeName()
  const { data, error } = useGraph({ place, artifact })
  const node = data?.nodes.find(({ digest }) => digest === artifact.digest)
  const looksLikeImage = artifact.type === 'IMAGE' && artifact.references === null
  // Until the answer comes an image may be none.
  if (node === undefined && looksLikeImage && error === null) return null
  const tags = node?.tags ?? (artifact.tags ?? []).map(({ name }) => name)
  return (
    <StatusBadge tone="neutral">
      {typeName(artifact.type, node?.artifact_type ?? artifact.artifact_type, tags)}
    </StatusBadge>
  )
}
