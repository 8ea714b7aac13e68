import type { AdvisoryGenerations } from '../domain/scanning/data/advisory-generations.ts'
import { readMaxDataAgeDays, whyTooOld } from '../domain/scanning/data/data-age.ts'
import { matchInTurns } from '../domain/scanning/matching/match-in-turns.ts'
import { noVulnerabilityData } from '../domain/scanning/scan-job.ts'
import { imageInventory, type InventoryServices } from './image-inventory.ts'
import { PermanentFailure } from './job-kind.ts'
import type { ScanEngine } from './scan-engine.ts'

export interface BuiltInEngineServices extends InventoryServices {
  readonly advisories: AdvisoryGenerations
}

/** The engine of this program: what lies in the image, unless that is known, and what the data in use says about it. */
export function composeBuiltInEngine(services: BuiltInEngineServices): ScanEngine {
  const { clock, advisories } = services
  return {
    async findVulnerabilities(job) {
      using borrowed = await advisories.borrow()
      if (borrowed === undefined) throw new PermanentFailure(noVulnerabilityData)
      const { source } = borrowed
      const { number, dataTime } = source.generation
      job.log(`vulnerability data ${number}, published ${dataTime === '' ? 'at an unknown time' : dataTime}`)
      const tooOld = whyTooOld(dataTime, await readMaxDataAgeDays(services.database), clock.now())
      if (tooOld !== undefined) throw new PermanentFailure(tooOld)
      const { inventory } = await imageInventory(services, job)
      job.signal.throwIfAborted()
      const now = new Date(clock.now()).toISOString()
      return { findings: await matchInTurns(inventory, source, { now }, Infinity), dataTime }
    },
  }
}
