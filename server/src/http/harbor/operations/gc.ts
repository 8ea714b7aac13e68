import { z } from 'zod'
import { collectGarbageJob, type CollectGarbagePayload } from '../../../domain/garbage-collection/collect-job.ts'
import type { Json } from '../../../domain/jobs/job.ts'
import { assertRemovalsPossible } from '../../../domain/policies/gates.ts'
import { composeRunRoutes } from './run-routes.ts'

const truth = z.union([z.boolean(), z.stringbool()])

/** Harbor's words. */
const wrongWorkers = 'Invalid number of workers. Workers must be greater than 0 and less than or equal to 10.'

const parameters = z.object({
  delete_untagged: truth.default(false),
  dry_run: truth.default(false),
  workers: z.coerce.number('workers is a number').int().min(1, wrongWorkers).max(10, wrongWorkers).default(1),
})

export const gcRoutes = composeRunRoutes({
  job: collectGarbageJob,
  tag: 'gc',
  path: '/system/gc',
  id: 'gc_id',
  resource: 'garbage-collection',
  operations: {
    list: ['getGCHistory', 'Runs of garbage collection, the newest first. It also goes on all the time, beside these.'],
    getSchedule: ['getGCSchedule', 'When a run comes by itself; empty when none does.'],
    createSchedule: ['createGCSchedule', 'Runs garbage collection now (Manual), or sets when it runs by itself.'],
    updateSchedule: ['updateGCSchedule', 'Changes when garbage collection runs by itself; None: no more.'],
    get: ['getGC', 'One run of garbage collection.'],
    stop: ['stopGC', 'Stops a run; what is gone stays gone.'],
    log: ['getGCLog', 'The log of a run, as text.'],
  },
  parameters,
  payloadOf: async ({ delete_untagged, dry_run, workers }, { database, system }) => {
    if (delete_untagged && !dry_run) await assertRemovalsPossible(database.read, system)
    return { deleteUntagged: delete_untagged, dryRun: dry_run, workers }
  },
  parametersOf,
})

interface Result {
  readonly manifests: number
  readonly blobs: number
  readonly bytes: number
}

/** In Harbor's words, results of a run included. */
function parametersOf(payload: Partial<CollectGarbagePayload>, result: Json | undefined): Json {
  const { deleteUntagged, dryRun, workers } = payload
  const asked = { delete_untagged: deleteUntagged, dry_run: dryRun, workers }
  if (result === undefined || result === null) return asked
  const { manifests, blobs, bytes } = result as unknown as Result
  return { ...asked, freed_space: bytes, purged_blobs: blobs, purged_manifests: manifests }
}
