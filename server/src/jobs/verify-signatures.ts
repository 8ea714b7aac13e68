import { parseDigest } from '#contract/digest.ts'
import { reviewSigned } from '../domain/quarantine/review-quarantine.ts'
import { checkSignatures, type CheckServices } from '../domain/signatures/signature-checks.ts'
import { verifySignaturesJob } from '../domain/signatures/signature-jobs.ts'
import type { JobKind } from './job-kind.ts'

type Payload = ReturnType<typeof verifySignaturesJob.parse>

/** People wait for it: they sign an image and pull it. */
export function composeVerifySignatures(services: CheckServices): JobKind<Payload> {
  return {
    name: verifySignaturesJob.kind,
    concurrency: {},
    maxAttempts: 10,
    parse: verifySignaturesJob.parse,
    async run(job) {
      const { repositoryId, subject, signature } = job.payload
      // What a run that ended before its time had settled of an index is not known.
      const thorough = signature === undefined || job.state !== undefined
      await job.checkpoint({ begun: true })
      const checked = await checkSignatures(
        services,
        {
          repositoryId,
          subject: parseDigest(subject),
          signature: signature === undefined ? undefined : parseDigest(signature),
          thorough,
        },
        job.signal,
      )
      await reviewSigned(services, { repositoryId, subject })
      job.log(`${checked.looked} manifests with signatures were looked at, ${checked.changed} verdicts changed`)
      return { ...checked }
    },
  }
}
