/**
 * Short news from one process of a registry to the others. Correctness never depends on it: news only brings forward
 * what a process would find out by itself. A process that may have missed news is told so, and then trusts none of its
 * caches.
 */
export interface Signals extends AsyncDisposable {
  /** Returns at once. News that cannot be sent now is dropped. */
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
  /** There is another certificate to serve. */
  | { readonly kind: 'certificate' }
  /** A sign-in failed. */
  | { readonly kind: 'login-failed'; readonly username: string; readonly clientAddress: string }
  /** A sign-in succeeded after failures: the other processes forget those too. */
  | { readonly kind: 'login-succeeded'; readonly username: string; readonly clientAddress: string }
  /** A process has met damaged pages of the SQLite file. */
  | { readonly kind: 'database-damaged' }

/** For a database that only one process serves. */
export const noSignals: Signals = {
  send: () => {},
  onSignal: () => {},
  onGap: () => {},
  [Symbol.asyncDispose]: async () => {},
}
