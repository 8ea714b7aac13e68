/** Asks who is here for a code once more; true when the registry took one. */
type Ask = () => Promise<boolean>

let asked: ((shown: boolean) => void) | undefined
let asking: Promise<boolean> | undefined
const listeners = new Set<() => void>()

/** One question for all requests that wait for it. */
export const askForProof: Ask = async () => {
  asking ??= new Promise<boolean>((resolve) => {
    asked = resolve
    for (const listener of listeners) listener()
  }).finally(() => (asking = undefined))
  return await asking
}

export const isProofAsked = (): boolean => asked !== undefined

/** The question was answered, or put away. */
export function answerProof(shown: boolean): void {
  asked?.(shown)
  asked = undefined
  for (const listener of listeners) listener()
}

export function subscribeToProofs(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
