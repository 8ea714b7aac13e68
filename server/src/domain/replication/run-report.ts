import type { PlannedRepository } from './plan-run.ts'

/** What a comparison of both sides found in one repository. */
export interface RepositoryReport {
  readonly source: string
  readonly destination: string
  readonly same: number
  /** Tags, and digests of what has none. */
  readonly missing: readonly string[]
  readonly different: readonly string[]
  readonly extra: readonly string[]
  /** Why nothing of it is replicated. */
  readonly why?: string
}

export interface RunReport {
  readonly repositories: readonly RepositoryReport[]
  readonly same: number
  readonly missing: number
  readonly different: number
  readonly extra: number
  readonly refused: number
  /** There are more than are listed. */
  readonly cut: boolean
}

const maxRepositories = 1_000
const maxNames = 200

/** Gathers what a comparison finds. Counts are exact; names are those of the first. */
export class ReportBuilder {
  readonly #repositories: RepositoryReport[] = []
  readonly #totals = { same: 0, missing: 0, different: 0, extra: 0, refused: 0 }
  #cut = false

  add({ source, destination, difference, refusal, why }: PlannedRepository): void {
    if (refusal !== undefined) this.#totals.refused++
    const { same = 0, missing = [], different = [], extra = [] } = difference ?? {}
    this.#totals.same += same
    this.#totals.missing += missing.length
    this.#totals.different += different.length
    this.#totals.extra += extra.length
    const isSame = missing.length + different.length + extra.length === 0 && refusal === undefined
    if (isSame) return
    if (this.#repositories.length === maxRepositories) {
      this.#cut = true
      return
    }
    const names = (items: readonly { readonly tag: string | undefined; readonly digest: string }[]) =>
      this.#some(items.map(({ tag, digest }) => tag ?? digest))
    this.#repositories.push({
      ...{ source, destination, same, missing: names(missing), different: names(different), extra: this.#some(extra) },
      ...(why === '' ? {} : { why }),
    })
  }

  get report(): RunReport {
    return { repositories: this.#repositories, ...this.#totals, cut: this.#cut }
  }

  #some(names: readonly string[]): readonly string[] {
    if (names.length > maxNames) this.#cut = true
    return names.slice(0, maxNames)
  }
}
