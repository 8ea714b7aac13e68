import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

export interface ProjectTable {
  id: Generated<number>
  name: string
  owner_id: number | null
  public: Flag
  created_at: number
  updated_at: number
  /** The remote registry that the project is a cache of; null for ordinary projects. */
  registry_id: Generated<number | null>
}

export interface ProjectMemberTable {
  id: Generated<number>
  project_id: number
  entity_type: 'user' | 'group'
  entity_id: number
  /** Harbor's role ids: projectAdmin 1, developer 2, guest 3, maintainer 4, limitedGuest 5; from 101 on composed ones. */
  role_id: number
  created_at: number
}

/** Every property of a project but `public`, which is a column. Values are text, as Harbor's are. */
export interface ProjectMetadataTable {
  project_id: number
  name: string
  value: string
}

export interface ProjectCveAllowlistTable {
  project_id: number
  /** Null: it does not expire. */
  expires_at: number | null
  /** JSON array of CVE ids. */
  items: string
  created_at: number
  updated_at: number
}

/** One row at the most. */
export interface SystemCveAllowlistTable {
  id: 1
  expires_at: number | null
  /** JSON array of CVE ids. */
  items: string
  created_at: number
  updated_at: number
}
