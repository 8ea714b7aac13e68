import type { Rule } from './replication-words.ts'

type Filter = NonNullable<Rule['filters']>[number]

/** A rule as the form shows it. */
export interface RuleValues {
  readonly name: string
  readonly description: string
  readonly direction: 'push' | 'pull'
  /** The id of the remote registry; '' while none is chosen. */
  readonly registry: string
  readonly repositories: string
  readonly tags: string
  readonly tagsExcluded: boolean
  readonly labels: readonly string[]
  readonly labelsExcluded: boolean
  readonly kind: 'any' | 'image'
  readonly namespace: string
  readonly flattening: string
  readonly trigger: string
  readonly cron: string
  readonly override: boolean
  readonly deletion: boolean
  readonly chunks: boolean
  readonly single: boolean
  readonly speed: number
  readonly enabled: boolean
}

/** The first filter of each type stands in the form; others, which other clients may give, stay as they are. */
export function valuesOf(rule: Rule | undefined): RuleValues {
  const filter = (type: string): Filter | undefined => rule?.filters?.find((each) => each.type === type)
  const text = (type: string): string => {
    const value = filter(type)?.value
    return typeof value === 'string' ? value : ''
  }
  const labels = filter('label')?.value
  const isPull = rule !== undefined && rule.dest_registry.id === 0
  const remote = isPull ? rule.src_registry.id : rule?.dest_registry.id
  return {
    name: rule?.name ?? '',
    description: rule?.description ?? '',
    direction: isPull ? 'pull' : 'push',
    registry: remote === undefined ? '' : String(remote),
    repositories: text('name'),
    tags: text('tag'),
    tagsExcluded: filter('tag')?.decoration === 'excludes',
    labels: Array.isArray(labels) ? (labels as string[]) : [],
    labelsExcluded: filter('label')?.decoration === 'excludes',
    kind: text('resource') === 'image' ? 'image' : 'any',
    namespace: rule?.dest_namespace ?? '',
    flattening: String(rule?.dest_namespace_replace_count ?? -1),
    trigger: rule?.trigger.type ?? 'manual',
    cron: rule?.trigger.trigger_settings.cron ?? '',
    override: rule?.override ?? rule === undefined,
    deletion: rule?.deletion === true,
    chunks: rule?.copy_by_chunk ?? true,
    single: rule?.single_active_replication ?? true,
    speed: rule?.speed ?? 0,
    enabled: rule?.enabled ?? rule === undefined,
  }
}

/** What the API takes. */
export function bodyOf(values: RuleValues, rule: Rule | undefined) {
  const { direction, trigger, cron, name, description } = values
  const registry = { id: Number(values.registry) }
  return {
    name: name.trim(),
    description,
    ...(direction === 'push' ? { dest_registry: registry } : { src_registry: registry }),
    filters: [...filtersOf(values), ...furtherFilters(rule)],
    dest_namespace: values.namespace.trim(),
    dest_namespace_replace_count: Number(values.flattening),
    trigger: { type: trigger, ...(trigger === 'scheduled' ? { trigger_settings: { cron: cron.trim() } } : {}) },
    override: values.override,
    deletion: values.deletion && trigger === 'event_based',
    copy_by_chunk: values.chunks,
    single_active_replication: values.single && trigger !== 'event_based',
    speed: values.speed,
    enabled: values.enabled,
  }
}

function filtersOf(values: RuleValues) {
  const { repositories, tags, tagsExcluded, labels, labelsExcluded, kind } = values
  const decoration = (excluded: boolean) => (excluded ? 'excludes' : 'matches')
  return [
    ...(repositories.trim() === '' ? [] : [{ type: 'name', value: repositories.trim() }]),
    ...(tags.trim() === '' ? [] : [{ type: 'tag', value: tags.trim(), decoration: decoration(tagsExcluded) }]),
    ...(labels.length === 0 ? [] : [{ type: 'label', value: [...labels], decoration: decoration(labelsExcluded) }]),
    ...(kind === 'any' ? [] : [{ type: 'resource', value: kind }]),
  ]
}

function furtherFilters(rule: Rule | undefined): Filter[] {
  const seen = new Set<string>()
  return (rule?.filters ?? []).filter(({ type }) => {
    const isFurther = seen.has(type)
    seen.add(type)
    return isFurther
  })
}
