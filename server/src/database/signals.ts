/**
 * Short news from one process of a registry to the others. Nothing depends on it being heard: it makes sooner what
 * would come by itself, and whoever may have missed something hears that, and then trusts nothing it remembers.
 */
export interface Signals extends AsyncDisposable {
  /** Returns at once; what cannot be sent now is not sent. */
  send(signal: Signal): void
  /** News of other processes. `listener` must not throw. */
  onSignal(listener: (signal: Signal) => void): void
  /** The connection was lost and is back: news may have been missed. `listener` must not throw. */
  onGap(listener: () => void): void
}

export type Signal =
  /** There is work in the queue. */
  | { readonly kind: 'jobs' }
  /** Tokens are signed by another key from now on. */
  | { readonly kind: 'signing-keys' }
  /** Somebody failed to sign in. */
  | { readonly kind: 'login-failed'; readonly username: string; readonly clientAddress: string }
  /** Somebody signed in after failures: the others forget those too. */
  | { readonly kind: 'login-succeeded'; readonly username: string; readonly clientAddress: string }

/** For a database that only one process serves. */
export const noSignals: Signals = {
  send: () => {},
  onSignal: () => {},
  onGap: () => {},
  [Symbol.asyncDispose]: async () => {},
}
