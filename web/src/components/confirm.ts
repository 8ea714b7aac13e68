import type { ReactNode } from 'react'

export interface Destruction {
  /** A question that names the thing: `Delete project ada?` */
  readonly title: string
  /** What will be destroyed with it, and what cannot be had back. */
  readonly what: ReactNode
  /** What must be typed first, for what is large or cannot be undone. */
  readonly typed?: string
  /** The word on the button; default: Delete. */
  readonly action?: string
  /** There is no way back; default true. False where the trash keeps it. */
  readonly final?: boolean
  /** Does it. While it runs the button waits; when it fails the reason is shown and it can be tried again. */
  run(): Promise<unknown>
}

let asked: Destruction | undefined
const listeners = new Set<() => void>()

/** Asks before something is destroyed; undefined takes the question back. `ConfirmHost` in the shell draws it. */
export function confirmDestruction(destruction: Destruction | undefined): void {
  asked = destruction
  for (const listener of listeners) listener()
}

export const askedDestruction = (): Destruction | undefined => asked

export function subscribeToDestructions(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
