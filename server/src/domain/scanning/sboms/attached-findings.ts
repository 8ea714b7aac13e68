import type { Database } from '../../../database/database.ts'
import type { Actor } from '../../access/actor.ts'
import type { Clock } from '../../clock.ts'
import { isSwitchedOn } from '../../projects/project-metadata.ts'
import type { AdvisoryGenerations } from '../data/advisory-generations.ts'
import { readMaxDataAgeDays, whyTooOld } from '../data/data-age.ts'
import { matchInTurns } from '../matching/match-in-turns.ts'
import type { AttachedReport } from '../statements/scan-views.ts'
import { readAttachedSbom, type AttachedPlace, type AttachedSbomServices } from './attached-sboms.ts'

export interface AttachedFindingsServices extends AttachedSbomServices {
  readonly database: Database
  readonly clock: Clock
  readonly advisories: Pick<AdvisoryGenerations, 'borrow'>
}

/** More than any image has; a list with more is refused, since one that is cut would look whole. */
const maxFindings = 100_000

/**
 * What the data in use says about the bill of materials that somebody attached to an image, where its project prefers those. Undefined where it
 * does not, where none is attached, and where there is no data to rely on.
 */
export async function findAttachedFindings(
  services: AttachedFindingsServices,
  actor: Actor,
  place: AttachedPlace & { readonly projectId: number },
  log: (line: string) => void,
): Promise<AttachedReport | undefined> {
  const { database, clock, advisories } = services
  if (!(await isSwitchedOn(database.read, place.projectId, 'prefer_attached_sbom'))) return undefined
  const sbom = await readAttachedSbom(services, database.read, actor, place, (digest, why) =>
    log(`${digest} is no SBOM that can be read: ${why}`),
  )
  if (sbom === undefined) return undefined
  using borrowed = await advisories.borrow()
  if (borrowed === undefined) return undefined
  const now = clock.now()
  const tooOld = whyTooOld(borrowed.source.generation.dataTime, await readMaxDataAgeDays(database), now)
  if (tooOld !== undefined) {
    log(`the SBOM ${sbom.digest} is not compared: ${tooOld}`)
    return undefined
  }
  const options = { now: new Date(now).toISOString() }
  const findings = await matchInTurns(sbom.inventory, borrowed.source, options, maxFindings)
  log(
    `${place.repository}: findings are those of the SBOM ${sbom.digest}, which lists ${sbom.inventory.packages.length} packages`,
  )
  return { sbom: sbom.digest, findings }
}
