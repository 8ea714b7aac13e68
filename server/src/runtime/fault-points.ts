/**
 * Named places where a test stops the program, to prove what a crash leaves behind. Names tell what has
 * just happened or is about to happen: 'store-after-rename', 'upload-before-row'.
 */
const actions = new Map<string, () => void>()

/** Does nothing unless `enableFaultPoint` was called for `name`; costs a comparison on the hot path. */
export function faultPoint(name: string): void {
  if (actions.size > 0) actions.get(name)?.()
}

/** Only the composition root calls this, and only when the configuration is in test mode. */
export function enableFaultPoint(name: string, action: () => void = killSelf): void {
  actions.set(name, action)
}

export function disableFaultPoints(): void {
  actions.clear()
}

/** As a power button for this process: no handler runs, nothing is flushed. */
function killSelf(): void {
  process.kill(process.pid, 'SIGKILL')
}
