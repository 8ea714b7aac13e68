import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import { judgeManifest, readPolicies } from '../pull-policies/judge.ts'
import { ManifestFacts } from '../pull-policies/manifest-facts.ts'
import type { Violation } from '../pull-policies/verdict.ts'

/** Something that an artifact waits for. */
export type Awaited = Pick<Violation, 'policy' | 'projectId' | 'cause' | 'message' | 'detail'>

export interface HeldJudgement {
  /** Empty: nothing keeps it from being given out. */
  readonly awaits: readonly Awaited[]
  /** From when on it has to be asked for again, though nothing was written (ms). */
  readonly until: number | undefined
}

export interface PushedArtifact {
  readonly artifactId: number
  readonly projectId: number
  readonly repositoryId: number
  readonly repository: RepositoryName
  readonly digest: Digest
  readonly mediaType: string
  readonly subject: string | null
  readonly bytes: Uint8Array
}

/** The name in messages and in the audit log; no policy may have it. */
export const quarantineName = 'quarantine'

export async function findPushed(
  reader: Reader,
  which:
    | { readonly artifactId: number }
    | { readonly projectId: number; readonly repository: string; readonly digest: string },
): Promise<PushedArtifact | undefined> {
  const query = reader
    .selectFrom('artifact')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .innerJoin('artifact_payload', 'artifact_payload.artifact_id', 'artifact.id')
    .select(['artifact.id as artifactId', 'artifact.digest', 'artifact.media_type as mediaType'])
    .select(['artifact.subject_digest as subject', 'artifact_payload.bytes'])
    .select(['repository.project_id as projectId', 'repository.id as repositoryId', 'repository.name as repository'])
  const row = await (
    'artifactId' in which
      ? query.where('artifact.id', '=', which.artifactId)
      : query
          .where('repository.project_id', '=', which.projectId)
          .where('repository.name', '=', which.repository)
          .where('artifact.digest', '=', which.digest)
  ).executeTakeFirst()
  return row === undefined
    ? undefined
    : { ...row, digest: row.digest as Digest, repository: row.repository as RepositoryName }
}

/**
 * What the enforced policies want of an artifact, by the code that judges a pull. Signatures pass, and so do attestations
 * beside an artifact: they are what is waited for. An index waits for its images as well.
 */
export async function judgeHeld(reader: Reader, artifact: PushedArtifact, now: number): Promise<HeldJudgement> {
  const { artifactId, projectId, repositoryId, repository, digest, mediaType, bytes } = artifact
  const manifest = { artifactId, digest, mediaType, bytes }
  const facts = new ManifestFacts(reader, { projectId, repositoryId, repository }, manifest, now)
  if (facts.kind === 'signature' || (facts.kind === 'data' && artifact.subject !== null)) return nothing
  const { violations, until } = await judgeManifest(facts, await readPolicies(reader, projectId))
  const enforced = violations.filter(({ mode }) => mode === 'enforce')
  const children = facts.kind === 'index' ? await countHeldChildren(reader, artifactId) : 0
  return { awaits: children === 0 ? enforced : [...enforced, ofChildren(projectId, children)], until }
}

const nothing: HeldJudgement = { awaits: [], until: undefined }

async function countHeldChildren(reader: Reader, artifactId: number): Promise<number> {
  const { held } = await reader
    .selectFrom('artifact_child')
    .innerJoin('quarantine_entry', 'quarantine_entry.artifact_id', 'artifact_child.child_id')
    .select((eb) => eb.fn.countAll<number | string>().as('held'))
    .where('artifact_child.parent_id', '=', artifactId)
    .where('quarantine_entry.released_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(held)
}

const ofChildren = (projectId: number, held: number): Awaited => ({
  policy: quarantineName,
  projectId,
  cause: 'quarantined',
  message: held === 1 ? 'one of its images is in quarantine' : `${held} of its images are in quarantine`,
  detail: { images: held },
})
