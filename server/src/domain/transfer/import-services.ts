import type { Database } from '../../database/database.ts'
import type { Limiter } from '../../storage/limiter.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import type { Adoptions } from '../content/adoptions.ts'
import type { Uploads } from '../content/uploads.ts'
import type { Admit } from '../policies/admit.ts'
import type { PushedSignatures } from '../signatures/pushed-signatures.ts'
import type { Projects } from '../projects/projects.ts'
import type { ContentSource } from './content-source.ts'
import type { MappingOptions } from './repository-mapping.ts'
import type { TransferReport } from './transfer-report.ts'

/** The actor of an import, in events and the history of tags. No account can have the name. */
export const importer: Actor = { kind: 'system', name: 'berth:import' }

export interface ImportOptions {
  readonly mapping: MappingOptions
  /**
   * How bytes come: `share` without copying them where the store can, `in-place` never by copying them, and where the
   * store can by pointing to where they lie, `copy` always as bytes of our own.
   */
  readonly bytes: 'share' | 'in-place' | 'copy'
  /** The check before bytes are shared: `digests` reads them all. Copied bytes are always verified. */
  readonly verify: 'digests' | 'sizes'
  /** Manifests under way at once. */
  readonly parallel: number
  /** True when tags follow the source even if they were moved here since. */
  readonly overwriteTags: boolean
  /** The visibility of projects that the import creates. */
  readonly publicProjects: boolean
  readonly manifestBytes: number
}

export interface ImportServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly admit: Admit
  readonly uploads: Uploads
  readonly pushedSignatures: PushedSignatures
  readonly adoptions: Adoptions
  readonly projects: Pick<Projects, 'createProject' | 'isNameTaken'>
}

/** One import under way. */
export interface ImportContext extends ImportServices {
  readonly source: ContentSource
  readonly options: ImportOptions
  readonly report: TransferReport
  readonly limiter: Limiter
}
