import type { Across, MetricFamily } from './metric-families.ts'

/** Labels from closed lists, or names that are escaped. */
export type Labels = Readonly<Record<string, string | number>>
export type Sample = readonly [labels: Labels, value: number]

/** Of a value of a label, as the text format wants it. */
const escaped = (text: string): string => text.replace(/[\\"\n]/g, (each) => (each === '\n' ? '\\n' : `\\${each}`))

/** `{kind="scrub",status="running"}`; nothing without labels. */
export function labelled(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

const toSuffix = ([labels, value]: Sample): readonly [string, number] => [labelled(labels), value]

/** A family whose values are read when metrics are. */
export function gaugeFamily(name: string, help: string, across: Across, samples: readonly Sample[]): MetricFamily {
  return { name, type: 'gauge', help, across, samples: samples.map(toSuffix) }
}

export function counterFamily(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, type: 'counter', help, across: 'sum', samples: samples.map(toSuffix) }
}

/** Facts of the registry: every process tells the same, and one of them is enough. */
export const fact = (name: string, help: string, ...samples: readonly Sample[]): MetricFamily =>
  gaugeFamily(name, help, 'same', samples)
