import { z } from 'zod'
import { listAuditKeys, listCheckpoints } from '../../../domain/audit/chain/checkpoints.ts'
import type { SinkStanding } from '../../../domain/audit/forwarding/audit-sinks.ts'
import type { ChainStanding } from '../../../domain/audit/chain/audit-chain.ts'
import type { Verification } from '../../../domain/audit/chain/verify-chain.ts'
import { verifyAuditLogJob } from '../../../domain/audit/verify-job.ts'
import { startJob } from '../../../domain/jobs/enqueue.ts'
import { createdAt, timeAnswer, timeOf } from '../frame/answers.ts'
import { cursorLink } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'

const collection = '/system/audit-log'
const tag = 'auditlog'
const access = { kind: 'system', permission: 'audit-log:list' } as const

const findingAnswer = z.object({
  code: z.string(),
  sequence: z.number().int().describe('The place in the chain; 0 where it is about none.'),
  through: z.number().int().optional().describe('The last place, where there are several.'),
  detail: z.string(),
})

const verificationAnswer = z.object({
  verified_at: timeAnswer,
  records: z.number().int().describe('Records that are there and as they were.'),
  purged: z.number().int(),
  from: z.number().int(),
  through: z.number().int(),
  late: z.number().int().describe('Records sealed more than an hour after they say that they happened.'),
  findings: z.array(findingAnswer).describe('The first hundred.'),
  finding_count: z.number().int(),
})

const chainAnswer = z.object({
  algorithm: z.string().describe('Of the last link; empty before the first.'),
  sequence: z.number().int(),
  hash: z.string(),
  first_sequence: z.number().int().describe('Where the chain begins: records before are purged.'),
  sealed_at: timeAnswer.optional(),
  unsealed: z.number().int(),
  oldest_unsealed: timeAnswer.optional(),
  last_checkpoint: z
    .object({ number: z.number().int(), sequence: z.number().int(), creation_time: timeAnswer })
    .optional(),
  verification: verificationAnswer.optional().describe('The last time that all of it was looked at.'),
  keep_at_least_hours: z.number().int().optional().describe('No purge leaves less.'),
})

const checkpointAnswer = z.object({
  number: z.number().int(),
  sequence: z.number().int(),
  hash: z.string(),
  creation_time: timeAnswer,
  document: z.string().describe('The statement, and the very bytes that are signed.'),
  signature: z.string().describe('Ed25519, Base64.'),
})

const keyAnswer = z.object({
  fingerprint: z.string().describe('SHA-256 of the public key (SPKI), in hex.'),
  public_key: z.string().describe('PEM.'),
  creation_time: timeAnswer,
})

const sinkAnswer = z.object({
  name: z.string().describe('Of its consumer of events.'),
  kind: z.enum(['elasticsearch', 'syslog', 'harbor']),
  address: z.string(),
  behind: z.number().int().describe('Events that it has not had.'),
  oldest_waiting: timeAnswer.optional(),
  sent_at: timeAnswer.optional().describe('When it last took something.'),
  failed_at: timeAnswer.optional(),
  error: z.string().optional().describe('Why the last attempt failed; not there when it did not.'),
  missed: z.number().int().describe('Events that were dropped before it had them.'),
  missed_at: timeAnswer.optional(),
  refused: z.number().int().describe('Events that it would not take.'),
  refused_at: timeAnswer.optional(),
})

/** Beyond Harbor: the audit log is sealed into a chain of hashes, and signed. */
export const auditChainRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: collection,
    tag,
    operationId: 'getAuditChain',
    summary: 'How far the audit log is sealed and signed, and what the last verification found.',
    access,
    answers: { 200: chainAnswer },
    handle: async (_call, { auditChain, system }) => ({
      body: presentStanding(await auditChain.getStanding(), system.keepAuditMs),
    }),
  }),

  route({
    method: 'POST',
    path: `${collection}/verify`,
    tag,
    operationId: 'verifyAuditLog',
    summary: 'Starts a verification of the whole audit log. `Location` has its job.',
    access,
    answers: { 201: null },
    handle: async ({ actor, path }, services) => {
      const job = { ...verifyAuditLogJob.of({}), uniqueKey: verifyAuditLogJob.kind, actor }
      const { id } = await services.database.write((tx) => startJob(tx, services, job))
      return createdAt(path.replace(/\/system\/audit-log\/verify\/*$/, '/jobs'), id)
    },
  }),

  route({
    method: 'GET',
    path: `${collection}/checkpoints`,
    tag,
    operationId: 'listAuditCheckpoints',
    summary: 'What the registry signed of its audit log, the newest first.',
    access,
    query: z.object({
      before: z.coerce.number().int().min(1).optional().describe('Number of the last checkpoint of the page before.'),
      page_size: z.coerce.number().int().min(1).max(100).default(20),
    }),
    answers: { 200: z.array(checkpointAnswer) },
    handle: async ({ query, path, search }, { database }) => {
      const rows = await listCheckpoints(database.read, { before: query.before, limit: query.page_size })
      const next = rows.length < query.page_size ? undefined : rows.at(-1)?.number
      return {
        headers: { link: cursorLink(path, search, next, 'before') },
        body: rows.map(({ createdAt: at, ...row }) => ({ ...row, creation_time: timeOf(at) })),
      }
    },
  }),

  route({
    method: 'POST',
    path: `${collection}/checkpoints`,
    tag,
    operationId: 'createAuditCheckpoint',
    summary:
      'Signs the audit log as it is now. Whoever keeps it elsewhere can show later that nothing before it was changed.',
    access,
    answers: { 201: checkpointAnswer },
    handle: async ({ actor, path }, { auditChain }) => {
      const { statement, document, signature } = await auditChain.makeCheckpoint(actor)
      const { number, sequence, hash, time } = statement
      const body = { number, sequence, hash, creation_time: time, document, signature }
      return { ...createdAt(path, number), body }
    },
  }),

  route({
    method: 'GET',
    path: `${collection}/sinks`,
    tag,
    operationId: 'listAuditSinks',
    summary: 'Where the audit log is sent, and how far each receiver is.',
    access,
    answers: { 200: z.array(sinkAnswer) },
    handle: async (_call, { auditSinks }) => ({ body: (await auditSinks.listStandings()).map(presentSink) }),
  }),

  route({
    method: 'GET',
    path: `${collection}/keys`,
    tag,
    operationId: 'listAuditKeys',
    summary: 'The public keys that the audit log is signed with.',
    access,
    answers: { 200: z.array(keyAnswer) },
    handle: async (_call, { database }) => {
      const keys = await listAuditKeys(database.read)
      return { body: keys.map(({ createdAt: at, ...key }) => ({ ...key, creation_time: timeOf(at) })) }
    },
  }),
]

function presentStanding(standing: ChainStanding, keepMs: number | undefined): z.output<typeof chainAnswer> {
  const { head, unsealed, oldestUnsealed, lastCheckpoint, verifiedAt, verification } = standing
  const { sequence = 0, hash = '', baseSequence = 0, sealedAt = 0 } = head ?? {}
  return {
    ...{ algorithm: sequence === 0 ? '' : hash.split(':')[0]!, sequence, hash: sequence === 0 ? '' : hash },
    first_sequence: baseSequence + 1,
    ...(sealedAt === 0 ? {} : { sealed_at: timeOf(sealedAt) }),
    unsealed,
    ...(oldestUnsealed === undefined ? {} : { oldest_unsealed: timeOf(oldestUnsealed) }),
    ...(lastCheckpoint === undefined ? {} : { last_checkpoint: presentCheckpoint(lastCheckpoint) }),
    ...(verification === undefined ? {} : { verification: presentVerification(verification, verifiedAt ?? 0) }),
    ...(keepMs === undefined ? {} : { keep_at_least_hours: Math.ceil(keepMs / 3_600_000) }),
  }
}

const presentCheckpoint = ({ createdAt: at, ...place }: NonNullable<ChainStanding['lastCheckpoint']>) => ({
  ...place,
  creation_time: timeOf(at),
})

function presentVerification(verification: Verification, at: number): z.output<typeof verificationAnswer> {
  const { records, purged, from, through, late, findings, findingCount } = verification
  return {
    ...{ verified_at: timeOf(at), records, purged, from, through, late },
    ...{ findings: findings.map((finding) => ({ ...finding })), finding_count: findingCount },
  }
}

const optionalTime = (ms: number | undefined) => (ms === undefined ? undefined : timeOf(ms))

function presentSink(sink: SinkStanding): z.output<typeof sinkAnswer> {
  const { name, kind, address, behind, error, missed, refused } = sink
  return {
    ...{ name, kind, address, behind, error, missed, refused },
    oldest_waiting: optionalTime(sink.oldestWaiting),
    sent_at: optionalTime(sink.sentAt),
    failed_at: optionalTime(sink.failedAt),
    missed_at: optionalTime(sink.missedAt),
    refused_at: optionalTime(sink.refusedAt),
  }
}
