import { z } from 'zod'
import { reaction } from '../events/reactions.ts'
import { defineJob } from '../jobs/job-definition.ts'
import { isSwitchedOn } from '../projects/project-metadata.ts'

/** Asks for a scan of an artifact that was pushed. Whether there is an image in it is found out apart from the push. */
export const scanPushedJob = defineJob(
  'scan-pushed',
  z.object({ projectId: z.number().int(), repository: z.string(), digest: z.string(), tag: z.string().optional() }),
)

/** Projects that have `auto_scan` on: each push of a manifest is followed by a scan. */
export const scanOnPush = reaction({
  types: ['push_artifact'],
  react: async ({ read, enqueue }, { event }) => {
    const { projectId, repository, digest, tags } = event
    if (!(await isSwitchedOn(read, projectId, 'auto_scan'))) return
    const tag = tags[0]
    await enqueue({
      ...scanPushedJob.of({ projectId, repository, digest, ...(tag === undefined ? {} : { tag }) }),
      uniqueKey: `${repository}@${digest}`,
      projectId,
    })
  },
})
