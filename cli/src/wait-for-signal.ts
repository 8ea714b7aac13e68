/** A second Ctrl-C within this time is the same wish: npm and a terminal send the first twice. */
const sameWishMs = 1_000

export interface AwaitedSignals {
  /** Resolves at the first SIGINT or SIGTERM. */
  readonly first: Promise<void>
  /** Work to do before a later signal ends the process. */
  second(work: () => void): void
}

export function waitForSignal(onSignal: (signal: NodeJS.Signals) => void): AwaitedSignals {
  let beforeEnd = (): void => {}
  const first = new Promise<void>((resolve) => {
    let firstAt: number | undefined
    const hear = (signal: NodeJS.Signals) => {
      if (firstAt === undefined) {
        firstAt = performance.now()
        onSignal(signal)
        resolve()
      } else if (performance.now() - firstAt > sameWishMs) {
        beforeEnd()
        process.exit(130)
      }
    }
    process.on('SIGINT', hear)
    process.on('SIGTERM', hear)
  })
  return { first, second: (work) => void (beforeEnd = work) }
}
