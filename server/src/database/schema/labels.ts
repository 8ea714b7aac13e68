import type { Generated } from 'kysely'

/** A word that people put on artifacts. */
export interface LabelTable {
  id: Generated<number>
  /** Null: a label of the registry, for every project. */
  project_id: number | null
  name: string
  description: string
  color: string
  created_at: number
  updated_at: number
}

export interface ArtifactLabelTable {
  artifact_id: number
  label_id: number
}
