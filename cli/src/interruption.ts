import { CommandError } from './command-error.ts'
import { exitCodeOf } from './exit-codes.ts'

/** Ctrl+C, and the end that a service manager wishes. */
const signals = ['SIGINT', 'SIGTERM'] as const
const exitInterrupted = exitCodeOf('interrupted')

export interface Interruption extends Disposable {
  /** Aborted by the first Ctrl+C, with what is to be said; a second one ends the process at once. */
  readonly signal: AbortSignal
}

/** For work that has something to put away before it ends. */
export function untilInterrupted(kept: string): Interruption {
  const controller = new AbortController()
  const hear = () => {
    if (controller.signal.aborted) process.exit(exitInterrupted)
    console.error('\nstopping …')
    controller.abort(new CommandError(`stopped: ${kept}`, { kind: 'interrupted' }))
  }
  for (const signal of signals) process.on(signal, hear)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, hear)
    },
  }
}

/** For work that holds nothing: it ends at once, and says what is there afterwards. */
export function sayWhenInterrupted(kept: string): Disposable {
  const hear = () => {
    console.error(`\nberth: stopped: ${kept}`)
    process.exit(exitInterrupted)
  }
  for (const signal of signals) process.on(signal, hear)
  return {
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, hear)
    },
  }
}
