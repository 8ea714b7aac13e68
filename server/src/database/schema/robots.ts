import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** A machine account. */
export interface RobotTable {
  id: Generated<number>
  /** Null: a robot of the registry itself. */
  project_id: number | null
  /** Without the prefix and the project's name, which make it a username. */
  name: string
  description: string
  /** `sha256$salt$tag` of a secret that we made, a PHC string for one that somebody chose. */
  secret_hash: string
  disabled: Flag
  /** -1: for ever. */
  duration_days: number
  expires_at: number | null
  creator_type: 'local' | 'robot'
  creator_id: number | null
  /** All that it may pull, by its full name: the robot of a scan. Null for every other robot. */
  repository: Generated<string | null>
  /** Tokens from before this moment are void. */
  credentials_changed_at: number
  created_at: number
  updated_at: number
}

export interface RobotPermissionTable {
  robot_id: number
  position: number
  scope: 'system' | 'every-project' | 'project'
  /** There for `project` alone. */
  project_id: number | null
  /** JSON array of `resource:action`. */
  access: string
}
