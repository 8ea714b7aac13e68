import { eventKind, type InRepository } from './event-kind.ts'

type OnArtifact = InRepository & { readonly tags: readonly string[] }
type OnTag = InRepository & { readonly tag: string }

const byTag = ({ repository, tag }: OnTag): string => `${repository}:${tag}`
const byDigest = ({ repository, digest }: InRepository): string => `${repository}@${digest}`
const byOnlyTag = (fields: OnArtifact): string =>
  fields.tags.length === 1 ? `${fields.repository}:${fields.tags[0]}` : byDigest(fields)

/** Artifacts, their tags, and the trash that keeps them for a while. */
export const artifactEvents = {
  push_artifact: eventKind<OnArtifact>(byOnlyTag, { auditedAs: 'create' }),
  pull_artifact: eventKind<InRepository & { readonly tag?: string }>(({ tag, ...fields }) =>
    tag === undefined ? byDigest(fields) : byTag({ ...fields, tag }),
  ),
  delete_artifact: eventKind<OnArtifact>(byOnlyTag),
  restore_artifact: eventKind<OnArtifact>(byOnlyTag),
  restore_tag: eventKind<OnTag>(byTag),
  /** Trash was emptied and can no longer be restored. `project` is undefined when all trash was emptied. */
  empty_trash: eventKind<{ readonly projectId?: number; readonly project?: string; readonly entries: number }>(
    ({ project }) => project ?? 'trash',
  ),
  create_tag: eventKind<OnTag>(byTag),
  delete_tag: eventKind<OnTag>(byTag),
  delete_repository: eventKind<Omit<InRepository, 'digest'>>(({ repository }) => repository),
}
