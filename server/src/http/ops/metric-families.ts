/** One family of metrics as it is exposed, before it is text. */
export interface MetricFamily {
  readonly name: string
  readonly type: 'counter' | 'histogram' | 'gauge' | 'summary'
  readonly help: string
  /**
   * The way to combine several workers' values. `sum`: their sum. `each`: every worker's own, with its number as a
   * label. `max`: the largest. `same`: all speak of the registry, so one of them is enough.
   */
  readonly across: Across
  /** The component of Harbor that has the family; undefined: ours. */
  readonly component?: HarborComponent
  /** The rest of the line behind the name (`_count{operation="base"}`), and the value. */
  readonly samples: readonly (readonly [suffix: string, value: number])[]
}

export type Across = 'sum' | 'max' | 'each' | 'same'

/** Words of `?comp=`, as Harbor's proxy has them. */
export const harborComponents = ['exporter', 'core', 'registry', 'jobservice'] as const
export type HarborComponent = (typeof harborComponents)[number]
export const isHarborComponent = (text: string): text is HarborComponent =>
  harborComponents.some((component) => component === text)

export interface FamiliesOfWorker {
  /** Undefined: counters of workers that have died. */
  readonly worker?: number
  readonly families: readonly MetricFamily[]
}

/** Adds up the metrics of all workers, for one answer. */
export function addUp(reports: readonly FamiliesOfWorker[]): MetricFamily[] {
  const names = new Map<string, MetricFamily>()
  const samples = new Map<string, Map<string, number>>()
  for (const { worker, families } of reports) {
    for (const family of families) {
      if (!names.has(family.name)) names.set(family.name, family)
      const of = samples.get(family.name) ?? new Map<string, number>()
      samples.set(family.name, of)
      for (const [suffix, value] of family.samples)
        addSample(of, family.across, labelled(family, suffix, worker), value)
    }
  }
  return [...names.values()].map((family) => ({ ...family, samples: [...(samples.get(family.name) ?? [])] }))
}

function addSample(samples: Map<string, number>, across: Across, suffix: string, value: number): void {
  const before = samples.get(suffix)
  if (before === undefined) samples.set(suffix, value)
  else if (across === 'sum') samples.set(suffix, before + value)
  else if (across === 'max') samples.set(suffix, Math.max(before, value))
}

function labelled({ across }: MetricFamily, suffix: string, worker: number | undefined): string {
  if (across !== 'each' || worker === undefined) return suffix
  const label = `worker="${worker}"`
  return suffix.endsWith('}') ? `${suffix.slice(0, -1)},${label}}` : `${suffix}{${label}}`
}

/** The counters of a worker that has died. They stay; its gauges are gone with it. */
export function countersOf(families: readonly MetricFamily[]): MetricFamily[] {
  return families.filter(({ type, across }) => type !== 'gauge' && across === 'sum')
}

/** Prometheus' text format. */
export function renderFamilies(families: readonly MetricFamily[]): string {
  const lines: string[] = []
  for (const { name, type, help, samples } of families) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    for (const [suffix, value] of samples) lines.push(`${name}${suffix} ${value}`)
  }
  return `${lines.join('\n')}\n`
}
