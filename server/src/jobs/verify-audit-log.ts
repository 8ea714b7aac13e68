import type { AuditChain } from '../domain/audit/chain/audit-chain.ts'
import { verifyAuditLogJob } from '../domain/audit/verify-job.ts'
import type { JobKind } from './job-kind.ts'

/** Finds what was changed, taken away or put into the audit log. What it finds is its result, and no failure of the job. */
export function composeVerifyAuditLog({ chain }: { readonly chain: AuditChain }): JobKind<Record<string, never>> {
  return {
    name: verifyAuditLogJob.kind,
    concurrency: { registry: 1 },
    maxAttempts: 3,
    parse: verifyAuditLogJob.parse,
    async run(job) {
      const { records, purged, unsealed, from, through, late, findings, findingCount } = await chain.verify({
        signal: job.signal,
      })
      job.log(`links ${from} to ${through}: ${records} records are as they were, ${purged} were purged`)
      if (unsealed > 0) job.log(`${unsealed} records came meanwhile and are not sealed yet`)
      if (late > 0) job.log(`${late} records were sealed more than an hour after they say that they happened`)
      for (const { code, sequence, through: to, detail } of findings)
        job.log(`${code} at ${sequence}${to === undefined ? '' : ` to ${to}`}: ${detail}`)
      if (findingCount > findings.length) job.log(`and ${findingCount - findings.length} more`)
      return { records, purged, from, through, findings: findingCount }
    },
  }
}
