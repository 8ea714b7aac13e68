import { useQuery } from '@tanstack/react-query'
import { predicateName, artifactKindOf } from '#contract/artifact-types.ts'
import type { AnswerOf } from '../../api/client.ts'
import { query } from '../../api/queries.ts'
import { paramsOf, type ArtifactPartProps } from './artifact-part.ts'
import { useTypeName } from './type-name.ts'

export type Graph = AnswerOf<'GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/graph'>
export type GraphNode = Graph['nodes'][number]

/** What hangs together with an artifact. Several parts of its page ask, and one request answers. */
export const useGraph = ({ place, artifact }: Pick<ArtifactPartProps, 'place' | 'artifact'>) =>
  useQuery(
    query('GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/graph', {
      params: paramsOf(place, artifact),
    }),
  )

const isDerived = (tag: string) => /^sha256-[0-9a-f]{64}(\.[a-z]+)?$/.test(tag)

/** What an artifact is called among those around it: by the tag of the page, a tag, its platform, or what it is. */
export function useNodeName(): (node: GraphNode, chosenTag?: string) => string {
  const typeName = useTypeName()
  return (node, chosenTag) => {
    const kind = artifactKindOf(node.type, node.artifact_type, node.tags)
    const tag = chosenTag ?? node.tags.find((each) => !isDerived(each))
    const platform = kind === 'image' ? node.platform : undefined
    return tag ?? platform ?? typeName(node.type, node.artifact_type, node.tags)
  }
}

/** What else it says of itself: the name of its file, or what it states. */
export function detailOf({ title, predicate_types: predicates, digest }: GraphNode): string {
  return title ?? (predicates.map(predicateName).join(', ') || digest.slice(0, 19))
}
