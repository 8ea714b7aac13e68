import { z } from 'zod'
import { reaction } from '../events/reactions.ts'
import { defineJob } from '../jobs/job-definition.ts'
import { isSwitchedOn } from '../projects/project-metadata.ts'

/** Asks for a scan of an artifact that was pushed, or for its SBOM. Whether there is an image in it is found out apart from the push. */
export const scanPushedJob = defineJob(
  'scan-pushed',
  z.object({
    projectId: z.number().int(),
    repository: z.string(),
    digest: z.string(),
    tag: z.string().optional(),
    scan: z.enum(['vulnerability', 'sbom']).default('vulnerability'),
  }),
)

const switches = [
  ['vulnerability', 'auto_scan'],
  ['sbom', 'auto_sbom_generation'],
] as const

/** Projects with `auto_scan` or `auto_sbom_generation`: each push of a manifest is followed by a scan, by the making of an SBOM. */
export const scanOnPush = reaction({
  types: ['push_artifact'],
  react: async ({ read, enqueue }, { event }) => {
    const { projectId, repository, digest, tags } = event
    const tag = tags[0]
    for (const [scan, key] of switches) {
      if (!(await isSwitchedOn(read, projectId, key))) continue
      await enqueue({
        ...scanPushedJob.of({ projectId, repository, digest, scan, ...(tag === undefined ? {} : { tag }) }),
        uniqueKey: `${scan} ${repository}@${digest}`,
        projectId,
      })
    }
  },
})
