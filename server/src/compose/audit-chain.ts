import { readFileSync } from 'node:fs'
import { ConfigError } from '../config/config-error.ts'
import type { Config } from '../config/config.ts'
import type { Actor } from '../domain/access/actor.ts'
import { AuditChain, type ChainStanding } from '../domain/audit/chain/audit-chain.ts'
import { AuditKeys } from '../domain/audit/chain/audit-keys.ts'
import { AuditKey } from '../domain/audit/chain/statements.ts'
import { ClockWatch } from '../domain/audit/clock-watch.ts'
import { verifyAuditLogJob } from '../domain/audit/verify-job.ts'
import { enqueueJob } from '../domain/jobs/enqueue.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { BackgroundTask } from '../jobs/background.ts'
import type { Logger } from '../logging.ts'
import type { Foundation } from './foundation.ts'

type Ground = Pick<Foundation, 'database' | 'clock' | 'events' | 'secrets'>

const sealMs = 2_000
const lookForCheckpointMs = 10 * 60_000
const checkpointMs = 24 * 60 * 60_000
const measureMs = 15_000
const self: Actor = { kind: 'system', name: 'audit-log' }

/** The chain that the audit log is sealed into. @throws ConfigError for a key that cannot be read */
export function composeAuditChain({ audit }: Pick<Config, 'audit'>, ground: Ground): AuditChain {
  const keys = new AuditKeys({ ...ground, privatePem: readKey(audit.signingKeyFile) })
  return new AuditChain({ ...ground, keys, algorithm: audit.hash })
}

function readKey(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    const pem = readFileSync(file, 'utf8')
    // Refused now, and not by the first record.
    return new AuditKey(pem).privatePem
  } catch (error) {
    const message = `${file}: ${(error as Error).message}; openssl genpkey -algorithm ed25519 makes a key`
    throw new ConfigError([{ code: 'SETTING_INVALID', setting: 'audit.signing_key_file', message }])
  }
}

/** Seals within seconds, signs once a day, and looks at everything after that. */
export function sealAuditLog(
  chain: AuditChain,
  ground: Ground,
  { metrics, logger }: { readonly metrics: Metrics; readonly logger: Logger },
): readonly BackgroundTask[] {
  const { database, clock, events } = ground
  const watch = new ClockWatch({ clock, monotonic: () => performance.now() })
  return [
    {
      name: 'seal-audit-log',
      runs: 'once',
      intervalMs: sealMs,
      isDue: () => chain.hasUnsealed(),
      run: async () => void (await chain.seal()),
    },
    {
      name: 'watch-clock',
      runs: 'everywhere',
      intervalMs: sealMs,
      run: async () => {
        const seconds = watch.look()
        if (seconds === undefined) return
        logger.warn({ seconds }, 'the clock of this machine was set; the audit log notes it')
        await database.write((tx) => events.record(tx, self, { type: 'step_clock', seconds }))
      },
    },
    {
      name: 'checkpoint-audit-log',
      runs: 'once',
      intervalMs: lookForCheckpointMs,
      run: async () => {
        const { lastCheckpoint } = await chain.getStanding()
        if (lastCheckpoint !== undefined && clock.now() - lastCheckpoint.createdAt < checkpointMs) return
        await chain.makeCheckpoint(self)
        const job = { ...verifyAuditLogJob.of({}), uniqueKey: verifyAuditLogJob.kind }
        await database.write(async (tx) => {
          await enqueueJob(tx, clock, { ...job, trigger: 'event', actor: self })
        })
      },
    },
    measure(chain, metrics),
  ]
}

function measure(chain: AuditChain, metrics: Metrics): BackgroundTask {
  let standing: ChainStanding | undefined
  metrics.sharedGauge('audit_chain', {
    help: 'The chain of the audit log: its last place, records that wait for their seal, findings of the last verification.',
    label: 'of',
    read: () => [
      ['sealed', standing?.head?.sequence ?? 0],
      ['unsealed', standing?.unsealed ?? 0],
      ['findings', standing?.verification?.findingCount ?? 0],
    ],
  })
  return {
    name: 'measure-audit-chain',
    runs: 'everywhere',
    intervalMs: measureMs,
    run: async () => {
      standing = await chain.getStanding()
    },
  }
}
