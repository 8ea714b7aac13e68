import { isSelected, type Selector } from '../policies/selectors.ts'
import type { ReplicationFilter } from './rules.ts'

/** An artifact of the source, as filters see it. */
export interface FilteredArtifact {
  readonly tags: readonly string[]
  /** Undefined where the source has no labels. */
  readonly labels: readonly string[] | undefined
}

/** The filters of a rule. All of them must let pass. */
export class Filters {
  readonly namePatterns: readonly string[]
  readonly #tags: readonly Selector[]
  readonly #labels: readonly Extract<ReplicationFilter, { type: 'label' }>[]
  readonly #imagesOnly: boolean

  constructor(filters: readonly ReplicationFilter[]) {
    this.namePatterns = filters.flatMap((filter) => (filter.type === 'name' ? [filter.value] : []))
    this.#tags = filters.flatMap((filter) =>
      filter.type === 'tag' ? [{ pattern: filter.value, excludes: filter.excludes }] : [],
    )
    this.#labels = filters.filter((filter) => filter.type === 'label')
    this.#imagesOnly = filters.some((filter) => filter.type === 'resource' && filter.value === 'image')
  }

  /** Whether labels are asked for: a source without them then has nothing that passes. */
  get wantsLabels(): boolean {
    return this.#labels.length > 0
  }

  /** Whether other artifacts than container images (charts, models, policies) stay. */
  get imagesOnly(): boolean {
    return this.#imagesOnly
  }

  wantsRepository(name: string): boolean {
    return isSelected(
      this.namePatterns.map((pattern) => ({ pattern, excludes: false })),
      name,
    )
  }

  wantsTag(tag: string): boolean {
    return isSelected(this.#tags, tag)
  }

  wantsLabelled(labels: readonly string[] | undefined): boolean {
    return this.#labels.every(
      ({ value, excludes }) => value.every((name) => labels?.includes(name) === true) !== excludes,
    )
  }

  /** The tags that go; an artifact without a tag goes as such when its filter takes the empty name. */
  select({ tags, labels }: FilteredArtifact): { readonly tags: readonly string[]; readonly untagged: boolean } {
    if (!this.wantsLabelled(labels)) return { tags: [], untagged: false }
    return { tags: tags.filter((tag) => this.wantsTag(tag)), untagged: tags.length === 0 && this.wantsTag('') }
  }
}
