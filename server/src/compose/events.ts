import type { Clock } from '../domain/clock.ts'
import { isAuditLogKept } from '../domain/audit/forwarding/audit-log-kept.ts'
import { Events } from '../domain/events/events.ts'
import type { Reaction } from '../domain/events/reactions.ts'
import { enqueueJob } from '../domain/jobs/enqueue.ts'
import { followChanges } from '../domain/replication/follow-changes.ts'
import { scanOnPush } from '../domain/scanning/scan-on-push.ts'
import { applyPushedVex, followPreference, forgetDeletedVex } from '../domain/scanning/statements/follow-statements.ts'
import { forgetDeleted, reverifyTrusted, verifyNamed, verifyPushed } from '../domain/signatures/follow-signatures.ts'
import { quarantinePushed, reviewChanged, reviewScanned } from '../domain/quarantine/follow-quarantine.ts'
import { tellWebhooks } from '../domain/webhooks/queue-deliveries.ts'

/** Reactions to events, in the events' own transaction. Each noun that reacts adds a line. */
const reactions: readonly Reaction[] = [
  scanOnPush,
  applyPushedVex,
  forgetDeletedVex,
  followPreference,
  verifyPushed,
  verifyNamed,
  forgetDeleted,
  reverifyTrusted,
  quarantinePushed,
  reviewScanned,
  reviewChanged,
  tellWebhooks,
  followChanges,
]

/** The recorder of events, for the server and for commands of the command line alike. */
export function composeEvents(clock: Clock): Events {
  return new Events({
    clock,
    reactions,
    isAudited: isAuditLogKept,
    enqueue: async (tx, actor, job) => void (await enqueueJob(tx, clock, { ...job, trigger: 'event', actor })),
  })
}
