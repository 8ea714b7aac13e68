import type { Config } from '../config/config.ts'
import { composePostgresSignals } from '../database/postgres-signals.ts'
import { noSignals, type Signals } from '../database/signals.ts'
import type { SignIn } from '../domain/access/credentials/sign-in.ts'
import type { SigningKeys } from '../domain/access/tokens/signing-keys.ts'
import type { WorkerLink } from '../workers/worker-link.ts'
import { setTellOthers, wakeOwnWorkers } from '../domain/jobs/wake-up.ts'

/** Signals between the processes of a registry: replicas hear them through PostgreSQL, workers also without it. */
export function composeSignals(
  config: Config,
  worker: WorkerLink | undefined,
  onError: (error: unknown) => void,
): Signals {
  const { database } = config
  if (database.kind === 'postgres') return composePostgresSignals({ url: database.url, onError })
  return worker?.signals() ?? noSignals
}

/** Another process's change makes this one forget what it cached. A gap in the signals makes it forget everything. */
export function followSignals(
  signals: Signals,
  {
    signIn,
    signingKeys,
    onDamaged,
    onCertificate,
  }: {
    readonly signIn: SignIn
    readonly signingKeys: SigningKeys
    readonly onDamaged: () => void
    readonly onCertificate: () => void
  },
): void {
  setTellOthers(() => signals.send({ kind: 'jobs' }))
  signals.onSignal((signal) => {
    if (signal.kind === 'jobs') wakeOwnWorkers()
    else if (signal.kind === 'signing-keys') signingKeys.forget()
    else if (signal.kind === 'database-damaged') onDamaged()
    else if (signal.kind === 'certificate') onCertificate()
    else if (signal.kind === 'login-failed') signIn.failedElsewhere(signal.username, signal.clientAddress)
    else signIn.succeededElsewhere(signal.username, signal.clientAddress)
  })
  signals.onGap(() => {
    signingKeys.forget()
    onCertificate()
    wakeOwnWorkers()
  })
}
