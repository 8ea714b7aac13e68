import { StatusBadge } from '../../components/values.tsx'
import { useTypeName } from './type-name.ts'
import type { FoundKind } from './use-artifact-kind.ts'

/** What an artifact is. */
export function KindMark({ type, found }: { readonly type: string; readonly found: FoundKind }) {
  const typeName = useTypeName()
  if (!found.isCertain) return null
  return <StatusBadge tone="neutral">{typeName(type, found.artifactType, found.tags)}</StatusBadge>
}
