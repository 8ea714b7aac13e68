import type { Database } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import type { Blobs } from '../content/blobs.ts'
import type { PushedSignatures } from '../signatures/pushed-signatures.ts'
import type { Uploads } from '../content/uploads.ts'
import type { Admit } from '../policies/admit.ts'
import type { Manifests } from './pull.ts'

/** Content of this registry itself, for verbs of the domain. `/v2` sees roles of it (`roles.ts`). */
export interface ContentServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly admit: Admit
  readonly manifests: Manifests
  readonly blobs: Blobs
  readonly uploads: Uploads
  readonly pushedSignatures: PushedSignatures
  /** How long what was deleted can be restored (ms); 0: it is gone at once. */
  readonly trashWindowMs: number
}
