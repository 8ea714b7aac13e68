import type { Config } from '../config/config.ts'
import { composePostgresSignals } from '../database/postgres-signals.ts'
import { noSignals, type Signals } from '../database/signals.ts'
import type { SignIn } from '../domain/access/credentials/sign-in.ts'
import type { SigningKeys } from '../domain/access/tokens/signing-keys.ts'
import type { WorkerLink } from '../workers/worker-link.ts'
import { setTellOthers, wakeOwnWorkers } from '../domain/jobs/wake-up.ts'

/** How the processes of a registry hear from each other: replicas through PostgreSQL, workers also without it. */
export function composeSignals(
  config: Config,
  worker: WorkerLink | undefined,
  onError: (error: unknown) => void,
): Signals {
  const { database } = config
  if (database.kind === 'postgres') return composePostgresSignals({ url: database.url, onError })
  return worker?.signals() ?? noSignals
}

/** Forgets here what another process changed. After a gap in the signals, everything that is remembered is forgotten. */
export function followSignals(
  signals: Signals,
  { signIn, signingKeys }: { readonly signIn: SignIn; readonly signingKeys: SigningKeys },
): void {
  setTellOthers(() => signals.send({ kind: 'jobs' }))
  signals.onSignal((signal) => {
    if (signal.kind === 'jobs') wakeOwnWorkers()
    else if (signal.kind === 'signing-keys') signingKeys.forget()
    else if (signal.kind === 'login-failed') signIn.failedElsewhere(signal.username, signal.clientAddress)
    else signIn.succeededElsewhere(signal.username, signal.clientAddress)
  })
  signals.onGap(() => {
    signingKeys.forget()
    wakeOwnWorkers()
  })
}
