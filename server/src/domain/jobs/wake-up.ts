const listeners = new Set<() => void>()

let tellOthers = (): void => {}

/** Tells the workers that there may be work: those of this process, and of others where they can be told. */
export function wakeWorkers(): void {
  wakeOwnWorkers()
  tellOthers()
}

/** Those of this process. */
export function wakeOwnWorkers(): void {
  for (const listener of listeners) listener()
}

/** How other processes are told; others look once a second. `tell` must not throw. */
export function setTellOthers(tell: () => void): void {
  tellOthers = tell
}

/** Returns how to stop listening. `listener` must not throw. */
export function onWakeUp(listener: () => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
