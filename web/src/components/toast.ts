/** What `ToastArea` shows. */
export type ToastMessage =
  | { readonly kind: 'done'; readonly text: string; readonly undo?: Undo | undefined }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface Undo {
  /** Brings back what was done. */
  run(): Promise<unknown>
}

let show: ((message: ToastMessage) => void) | undefined
let waiting: ToastMessage[] = []
const listeners = new Set<() => void>()

/** Says that something was done; with `undo`, offers to take it back for ten seconds. */
export function toast(text: string, undo?: Undo): void {
  send({ kind: 'done', text, undo })
}

/** Says that something that nobody waited for has failed. Forms show their own reason. */
export function toastError(error: unknown): void {
  send({ kind: 'failed', error })
}

function send(message: ToastMessage): void {
  if (show !== undefined) return show(message)
  waiting.push(message)
  for (const listener of listeners) listener()
}

/** The area is there: what was said before it came, and everything from now on. */
export function connectToasts(next: (message: ToastMessage) => void): () => void {
  show = next
  const early = waiting
  waiting = []
  for (const message of early) next(message)
  return () => {
    show = undefined
  }
}

export function subscribeToWanted(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const isWanted = (): boolean => show !== undefined || waiting.length > 0
