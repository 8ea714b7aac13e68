/** Why something was not taken. The words are for programs too: they do not change. */
export type NotTakenReason =
  | 'name-invalid'
  | 'schema1'
  | 'manifest-missing'
  | 'manifest-damaged'
  | 'manifest-invalid'
  | 'manifest-too-large'
  | 'content-missing'
  | 'blob-missing'
  | 'blob-damaged'
  | 'blob-not-in-place'
  | 'tag-broken'
  | 'tag-invalid'
  | 'tag-moved-here'
  | 'quota-exceeded'
  | 'refused'

export interface NotTaken {
  readonly what: 'repository' | 'manifest' | 'blob' | 'tag'
  /** As the source calls it. */
  readonly repository: string
  /** Digest or tag; empty for a repository. */
  readonly name: string
  readonly reason: NotTakenReason
  /** For the person who decides about it. */
  readonly message: string
}

/** The limit of entries kept in memory; `onNotTaken` hears of all. */
const maxListed = 1_000

/** The progress of a transfer, and what it did not take. */
export class TransferReport {
  readonly repositories = { taken: 0, notTaken: 0 }
  /** `alreadyHere`: of an earlier run, or pushed. */
  readonly manifests = { taken: 0, alreadyHere: 0, notTaken: 0 }
  readonly tags = { taken: 0, alreadyHere: 0, notTaken: 0 }
  /** `shared`: without copying bytes through this program. `linked`: known already, readable in one more repository. */
  readonly blobs = { shared: 0, copied: 0, linked: 0, notTaken: 0 }
  readonly bytes = { shared: 0, copied: 0 }
  readonly projectsCreated: string[] = []
  readonly reasons: Partial<Record<NotTakenReason, number>> = {}
  readonly notTaken: NotTaken[] = []
  readonly #onNotTaken: (entry: NotTaken) => void

  constructor(onNotTaken: (entry: NotTaken) => void = () => {}) {
    this.#onNotTaken = onNotTaken
  }

  /** Whether everything that was there came along. */
  get isComplete(): boolean {
    return Object.keys(this.reasons).length === 0
  }

  leaveOut(entry: NotTaken): void {
    const counted = { repository: this.repositories, manifest: this.manifests, blob: this.blobs, tag: this.tags }
    counted[entry.what].notTaken++
    this.reasons[entry.reason] = (this.reasons[entry.reason] ?? 0) + 1
    if (this.notTaken.length < maxListed) this.notTaken.push(entry)
    this.#onNotTaken(entry)
  }

  toJSON(): object {
    const { repositories, manifests, tags, blobs, bytes, projectsCreated, reasons, notTaken } = this
    return {
      complete: this.isComplete,
      repositories,
      manifests,
      tags,
      blobs,
      bytes,
      projectsCreated,
      reasons,
      notTaken,
    }
  }
}
