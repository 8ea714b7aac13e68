import type { AnswerOf } from '../../api/client.ts'
import type { Place } from './artifact-columns.tsx'

export type ArtifactDetails =
  AnswerOf<'GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'>

/** What each part of an artifact's page is given. */
export interface ArtifactPartProps {
  readonly place: Place
  readonly artifact: ArtifactDetails
  /** The tag or digest in the address of the page. */
  readonly reference: string
  can(resource: string, action: string): boolean
}

/** The parameters of the operations on one artifact. */
export const paramsOf = ({ projectName, repository }: Place, { digest }: { readonly digest: string }) => ({
  project_name: projectName,
  repository_name: repository,
  reference: digest,
})
