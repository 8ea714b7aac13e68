import { z } from 'zod'
import type { Reader } from '../../database/database.ts'
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

/** What is held until it is scanned would wait for ever in a project that scans nothing by itself. */
const isAsked = async (
  read: Reader,
  projectId: number,
  scan: 'vulnerability' | 'sbom',
  key: (typeof switches)[number][1],
) =>
  (await isSwitchedOn(read, projectId, key)) ||
  (scan === 'vulnerability' && (await isSwitchedOn(read, projectId, 'quarantine')))

/** Projects with `auto_scan` or `auto_sbom_generation`: each push of a manifest is followed by a scan, by the making of an SBOM. */
export const scanOnPush = reaction({
  types: ['push_artifact'],
  react: async ({ read, enqueue }, { event }) => {
    const { projectId, repository, digest, tags } = event
    const tag = tags[0]
    for (const [scan, key] of switches) {
      if (!(await isAsked(read, projectId, scan, key))) continue
      await enqueue({
        ...scanPushedJob.of({ projectId, repository, digest, scan, ...(tag === undefined ? {} : { tag }) }),
        uniqueKey: `${scan} ${repository}@${digest}`,
        projectId,
      })
    }
  },
})
