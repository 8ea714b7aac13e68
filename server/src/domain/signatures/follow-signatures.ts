import { subjectNamedBy } from '#contract/derived-tags.ts'
import { findDigest, type Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import { reaction, type ReactionJob } from '../events/reactions.ts'
import { reverifySignaturesJob, verifySignaturesJob } from './signature-jobs.ts'
import { signatureArtifactTypes, signatureTagsOf } from './signature-manifests.ts'

/**
 * A push may be a signature, or may be what a signature that is here already waits for. Most pushes are neither: a few
 * looks by index find that out.
 */
export const verifyPushed = reaction({
  types: ['push_artifact', 'restore_artifact'],
  react: async ({ read, enqueue }, { event }) => {
    const digest = findDigest(event.digest)
    const pushed = digest && (await findPushed(read, event.repository, digest))
    if (!pushed) return
    const { repositoryId, subject: own } = pushed
    const named = event.tags.flatMap((tag) => subjectNamedBy(tag) ?? [])
    for (const subject of new Set([...(own === undefined ? [] : [own]), ...named])) {
      await enqueue(ofSignature(repositoryId, event.projectId, subject, digest))
    }
    if (await isAwaited(read, pushed, digest)) await enqueue(ofSubject(repositoryId, event.projectId, digest))
  },
})

/** Cosign's tags say whose signature an artifact is: one that moves or goes ends that. */
export const verifyNamed = reaction({
  types: ['create_tag', 'delete_tag', 'restore_tag'],
  react: async ({ read, enqueue }, { event }) => {
    const subject = subjectNamedBy(event.tag)
    const repositoryId = subject === undefined ? undefined : await findRepositoryId(read, event.repository)
    if (subject !== undefined && repositoryId !== undefined)
      await enqueue(ofSubject(repositoryId, event.projectId, subject))
  },
})

/** A signature that goes counts no more, and an index that goes covers nothing. */
export const forgetDeleted = reaction({
  types: ['delete_artifact'],
  react: async ({ read, enqueue }, { event }) => {
    const repositoryId = await findRepositoryId(read, event.repository)
    if (repositoryId === undefined) return
    const { digest, projectId } = event
    const rows = await read
      .selectFrom('artifact_signature')
      .select('subject_digest')
      .distinct()
      .where('repository_id', '=', repositoryId)
      .where('signature_digest', '=', digest)
      .execute()
    const verdict = await read
      .selectFrom('signature_verdict')
      .select('digest')
      .where('repository_id', '=', repositoryId)
      .where('digest', '=', digest)
      .executeTakeFirst()
    const subjects = new Set([...rows.map((row) => row.subject_digest), ...(verdict === undefined ? [] : [digest])])
    for (const subject of subjects) await enqueue(ofSubject(repositoryId, projectId, subject as Digest))
  },
})

/** Whom to trust is another question now, of a project or of the registry. */
export const reverifyTrusted = reaction({
  types: ['create_signer', 'delete_signer'],
  react: async ({ enqueue }, { event }) => {
    const { projectId } = event
    await enqueue({ ...reverifySignaturesJob.of({ projectId }), ...(projectId === undefined ? {} : { projectId }) })
  },
})

async function findRepositoryId(read: Reader, repository: string): Promise<number | undefined> {
  const row = await read.selectFrom('repository').select('id').where('name', '=', repository).executeTakeFirst()
  return row?.id
}

interface Pushed {
  readonly repositoryId: number
  readonly artifactId: number
  /** Of a manifest that holds signatures; undefined for every other manifest. */
  readonly subject: Digest | undefined
}

async function findPushed(read: Reader, repository: string, digest: Digest): Promise<Pushed | undefined> {
  const row = await read
    .selectFrom('repository')
    .innerJoin('artifact', 'artifact.repository_id', 'repository.id')
    .select(['repository.id as repositoryId', 'artifact.id as artifactId', 'subject_digest', 'artifact_type'])
    .where('repository.name', '=', repository)
    .where('artifact.digest', '=', digest)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { repositoryId, artifactId, subject_digest: subject, artifact_type: type } = row
  const isSignature = subject !== null && signatureArtifactTypes.includes(type)
  return { repositoryId, artifactId, subject: isSignature ? (subject as Digest) : undefined }
}

/** It has signatures already, or is in an index that has. */
async function isAwaited(read: Reader, { repositoryId, artifactId }: Pushed, digest: Digest): Promise<boolean> {
  const { awaited } = await read
    .selectNoFrom((eb) => [
      eb
        .or([
          eb.exists(
            eb
              .selectFrom('artifact')
              .select('id')
              .where('repository_id', '=', repositoryId)
              .where('subject_digest', '=', digest)
              .where('artifact_type', 'in', signatureArtifactTypes),
          ),
          eb.exists(
            eb
              .selectFrom('tag')
              .select('id')
              .where('repository_id', '=', repositoryId)
              .where('name', 'in', ['', ...signatureTagsOf(digest)]),
          ),
          eb.exists(
            eb
              .selectFrom('artifact_child')
              .innerJoin('artifact as parent', 'parent.id', 'artifact_child.parent_id')
              .innerJoin('signature_verdict as verdict', (join) =>
                join
                  .onRef('verdict.repository_id', '=', 'parent.repository_id')
                  .onRef('verdict.digest', '=', 'parent.digest'),
              )
              .select('verdict.digest')
              .where('artifact_child.child_id', '=', artifactId),
          ),
        ])
        .as('awaited'),
    ])
    .executeTakeFirstOrThrow()
  return Boolean(awaited)
}

/** The same manifest over the same subject is one piece of work, however often it is pushed. */
const ofSignature = (repositoryId: number, projectId: number, subject: Digest, signature: Digest): ReactionJob => ({
  ...verifySignaturesJob.of({ repositoryId, subject, signature }),
  uniqueKey: `${repositoryId} ${subject} ${signature}`,
  projectId,
})

/** Without a key: a run that is under way may have passed what changed. */
const ofSubject = (repositoryId: number, projectId: number, subject: Digest): ReactionJob => ({
  ...verifySignaturesJob.of({ repositoryId, subject }),
  projectId,
})
