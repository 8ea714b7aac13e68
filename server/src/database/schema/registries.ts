import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** A remote registry. */
export interface RegistryTable {
  id: Generated<number>
  name: string
  type: string
  url: string
  description: string
  insecure: Flag
  /** PEM. */
  ca_certificate: string | null
  credential_type: string
  access_key: string
  /** Sealed; empty when there is none. */
  access_secret: string
  status: string
  created_at: number
  updated_at: number
}
