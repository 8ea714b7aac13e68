import { reaction } from '../../events/reactions.ts'
import { vexArtifactTypes } from './referrer-vex.ts'
import { applyVexJob } from './vex-job.ts'

/** A referrer with statements came: what its image's reports count is looked at anew. */
export const applyPushedVex = reaction({
  types: ['push_artifact'],
  react: async ({ read, enqueue }, { event: { projectId, repository, digest, tags } }) => {
    const named = tags.map((tag) => /^sha256-([0-9a-f]{64})\.att$/.exec(tag)?.[1]).find((each) => each !== undefined)
    const row = await read
      .selectFrom('artifact')
      .innerJoin('repository', 'repository.id', 'artifact.repository_id')
      .select(['artifact.subject_digest', 'artifact.artifact_type'])
      .where('repository.name', '=', repository)
      .where('artifact.digest', '=', digest)
      .executeTakeFirst()
    const isStatement = row !== undefined && vexArtifactTypes.includes(row.artifact_type)
    const subject = named === undefined ? (isStatement ? row.subject_digest : null) : `sha256:${named}`
    if (subject === null) return
    await enqueue({ ...applyVexJob.of({ digest: subject, projectId }), uniqueKey: `${subject} ${digest}`, projectId })
  },
})

/** Of one repository; another look at its images finds the rest. */
const maxViews = 100

/** A referrer went whose statements counted. */
export const forgetDeletedVex = reaction({
  types: ['delete_artifact'],
  react: async ({ read, enqueue }, { event: { projectId, repository, digest } }) => {
    const rows = await read
      .selectFrom('scan_view')
      .innerJoin('repository', 'repository.id', 'scan_view.repository_id')
      .select('scan_view.digest')
      .where('repository.name', '=', repository)
      .where('scan_view.referrers', 'like', `%"${digest}"%`)
      .limit(maxViews)
      .execute()
    for (const { digest: subject } of rows) {
      await enqueue({ ...applyVexJob.of({ digest: subject, projectId }), uniqueKey: `${subject} ${digest}`, projectId })
    }
  },
})
