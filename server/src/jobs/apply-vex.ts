import { parseDigest, type Digest } from '#contract/digest.ts'
import type { Reader } from '../database/database.ts'
import { applyStatements, type StatementServices } from '../domain/scanning/statements/apply-statements.ts'
import { applyVexJob } from '../domain/scanning/statements/vex-job.ts'
import type { JobKind } from './job-kind.ts'

type Payload = ReturnType<typeof applyVexJob.parse>

const atOnce = 100

/** Has VEX statements counted in reports that are there: of one image, of the images of a project, or of all. */
export function composeApplyVex(services: StatementServices): JobKind<Payload> {
  return {
    name: applyVexJob.kind,
    concurrency: {},
    maxAttempts: 5,
    parse: applyVexJob.parse,
    async run(job) {
      const { digest, projectId } = job.payload
      const options = { transact: job.transact.bind(job), log: (line: string) => job.log(line), projectId }
      if (digest !== undefined) {
        const images = await imagesOf(services.database.read, parseDigest(digest))
        for (const image of images) await applyStatements(services, job.actor, image, options)
        return { images: images.length }
      }
      let last = typeof job.state === 'string' ? job.state : ''
      for (let done = 0; ;) {
        const images = await pageImages(services.database.read, projectId, last)
        for (const image of images) {
          job.signal.throwIfAborted()
          await applyStatements(services, job.actor, image, options)
        }
        done += images.length
        if (images.length < atOnce) return { images: done }
        last = images.at(-1)!
        await job.checkpoint(last)
        job.progress({ step: 'images', done })
      }
    },
  }
}

/** An image itself, and of an index its images: a statement about the index is one about them. */
async function imagesOf(reader: Reader, digest: Digest): Promise<readonly Digest[]> {
  const rows = await reader
    .selectFrom('artifact as parent')
    .innerJoin('artifact_child', 'artifact_child.parent_id', 'parent.id')
    .innerJoin('artifact', 'artifact.id', 'artifact_child.child_id')
    .select('artifact.digest')
    .distinct()
    .where('parent.digest', '=', digest)
    .limit(1_000)
    .execute()
  return [...new Set([digest, ...rows.map((row) => row.digest as Digest)])]
}

/** Images with a report, in the order of their digests. */
async function pageImages(reader: Reader, projectId: number | undefined, last: string): Promise<readonly Digest[]> {
  let query = reader
    .selectFrom('scan')
    .select('scan.digest')
    .distinct()
    .where('scan.reported_at', 'is not', null)
    .where('scan.digest', '>', last)
  if (projectId !== undefined) {
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom('artifact')
          .innerJoin('repository', 'repository.id', 'artifact.repository_id')
          .select('artifact.id')
          .whereRef('artifact.digest', '=', 'scan.digest')
          .where('repository.project_id', '=', projectId),
      ),
    )
  }
  const rows = await query.orderBy('scan.digest').limit(atOnce).execute()
  return rows.map(({ digest }) => digest as Digest)
}
