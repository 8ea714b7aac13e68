import { eventKind, type InRepository, type PerhapsInProject } from './event-kind.ts'

interface OnLabel extends PerhapsInProject {
  readonly labelId: number
  readonly label: string
}

type OnLabelledArtifact = InRepository & { readonly label: string }

const label = (fields: OnLabel): string => fields.label
const artifact = ({ repository, digest }: OnLabelledArtifact): string => `${repository}@${digest}`

export const labelEvents = {
  create_label: eventKind<OnLabel>(label),
  update_label: eventKind<OnLabel>(label),
  delete_label: eventKind<OnLabel>(label),
  add_artifact_label: eventKind<OnLabelledArtifact>(artifact),
  remove_artifact_label: eventKind<OnLabelledArtifact>(artifact),
}
