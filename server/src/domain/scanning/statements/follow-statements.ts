import { isIndexMediaType } from '#contract/media-types.ts'
import type { Reader } from '../../../database/database.ts'
import { reaction } from '../../events/reactions.ts'
import { isSwitchedOn } from '../../projects/project-metadata.ts'
import { attachedSbomTypes } from '../sboms/attached-sboms.ts'
import { vexArtifactTypes } from './referrer-vex.ts'
import { applyVexJob } from './vex-job.ts'

/** A referrer with statements or a bill of materials came, or an index that may bring some: what reports count is looked at anew. */
export const applyPushedVex = reaction({
  types: ['push_artifact'],
  react: async ({ read, enqueue }, { event: { projectId, repository, digest, tags } }) => {
    const named = tags
      .map((tag) => /^sha256-([0-9a-f]{64})\.(?:att|sbom)$/.exec(tag)?.[1])
      .find((each) => each !== undefined)
    const row = await read
      .selectFrom('artifact')
      .innerJoin('repository', 'repository.id', 'artifact.repository_id')
      .select(['artifact.subject_digest', 'artifact.artifact_type', 'artifact.media_type'])
      .where('repository.name', '=', repository)
      .where('artifact.digest', '=', digest)
      .executeTakeFirst()
    const subject = named === undefined ? await subjectOf(read, projectId, digest, row) : `sha256:${named}`
    if (subject === undefined) return
    await enqueue({ ...applyVexJob.of({ digest: subject, projectId }), uniqueKey: `${subject} ${digest}`, projectId })
  },
})

interface Pushed {
  readonly subject_digest: string | null
  readonly artifact_type: string
  readonly media_type: string
}

/** What a pushed artifact speaks of; undefined when nothing is to be looked at. */
async function subjectOf(
  reader: Reader,
  projectId: number,
  digest: string,
  pushed: Pushed | undefined,
): Promise<string | undefined> {
  if (pushed === undefined) return undefined
  const { subject_digest: subject, artifact_type: type, media_type: mediaType } = pushed
  if (subject !== null && vexArtifactTypes.includes(type)) return subject
  const mayList = isIndexMediaType(mediaType) || (subject !== null && attachedSbomTypes.includes(type))
  if (!mayList || !(await isSwitchedOn(reader, projectId, 'prefer_attached_sbom'))) return undefined
  return subject ?? digest
}

/** A project prefers attached bills of materials, or no longer does. */
export const followPreference = reaction({
  types: ['update_project'],
  react: async ({ enqueue }, { event: { projectId, changed = [] } }) => {
    if (changed.includes('prefer_attached_sbom')) await enqueue({ ...applyVexJob.of({ projectId }), projectId })
  },
})

/** Of one repository; another look at its images finds the rest. */
const maxViews = 100

/** A referrer went that counted. */
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
