const listeners = new Set<() => void>()

/** Tells the workers of this process that there may be work; those of other processes look once a second. */
export function wakeWorkers(): void {
  for (const listener of listeners) listener()
}

/** Returns how to stop listening. `listener` must not throw. */
export function onWakeUp(listener: () => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
