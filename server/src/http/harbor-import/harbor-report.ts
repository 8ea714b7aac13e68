export type HarborKind =
  | 'configuration'
  | 'group'
  | 'user'
  | 'registry'
  | 'label'
  | 'project'
  | 'member'
  | 'robot'
  | 'immutability-rule'
  | 'retention-policy'
  | 'allowlist'
  | 'description'
  | 'artifact-label'
  | 'webhook-policy'
  | 'replication-policy'
  | 'preheat-policy'
  | 'scanner'
  | 'schedule'

export interface HarborNotTaken {
  readonly kind: HarborKind
  readonly name: string
  readonly message: string
}

const maxListed = 1_000

/** The objects that came over from a Harbor beside content, by kind. */
export class HarborReport {
  readonly taken: Partial<Record<HarborKind, number>> = {}
  readonly alreadyHere: Partial<Record<HarborKind, number>> = {}
  readonly notTaken: HarborNotTaken[] = []
  notTakenCount = 0
  readonly #onNotTaken: (entry: HarborNotTaken) => void

  constructor(onNotTaken: (entry: HarborNotTaken) => void = () => {}) {
    this.#onNotTaken = onNotTaken
  }

  take(kind: HarborKind): void {
    this.taken[kind] = (this.taken[kind] ?? 0) + 1
  }

  find(kind: HarborKind): void {
    this.alreadyHere[kind] = (this.alreadyHere[kind] ?? 0) + 1
  }

  leaveOut(kind: HarborKind, name: string, message: string): void {
    const entry = { kind, name, message }
    this.notTakenCount++
    if (this.notTaken.length < maxListed) this.notTaken.push(entry)
    this.#onNotTaken(entry)
  }

  toJSON(): object {
    const { taken, alreadyHere, notTakenCount, notTaken } = this
    return { complete: notTakenCount === 0, taken, alreadyHere, notTakenCount, notTaken }
  }
}
