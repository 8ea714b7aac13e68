import type { Database } from '../../database/database.ts'
import type { Limiter } from '../../storage/limiter.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import type { Adoptions } from '../content/adoptions.ts'
import type { Uploads } from '../content/uploads.ts'
import type { Admit } from '../policies/admit.ts'
import type { Projects } from '../projects/projects.ts'
import type { ContentSource } from './content-source.ts'
import type { MappingOptions } from './repository-mapping.ts'
import type { TransferReport } from './transfer-report.ts'

/** Who imports, in events and the history of tags. No account can have the name. */
export const importer: Actor = { kind: 'system', name: 'berth:import' }

export interface ImportOptions {
  readonly mapping: MappingOptions
  /**
   * How bytes come: `share` without copying them where the store can, `in-place` never by copying them, and where the
   * store can by pointing to where they lie, `copy` always as bytes of our own.
   */
  readonly bytes: 'share' | 'in-place' | 'copy'
  /** What is looked at before bytes are shared: `digests` reads them all. Bytes that are copied are always verified. */
  readonly verify: 'digests' | 'sizes'
  /** Manifests under way at once. */
  readonly parallel: number
  /** Whether tags follow the source that somebody else moved here since. */
  readonly overwriteTags: boolean
  /** Of projects that are created for what comes. */
  readonly publicProjects: boolean
  readonly manifestBytes: number
}

export interface ImportServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly admit: Admit
  readonly uploads: Uploads
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
