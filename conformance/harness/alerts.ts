import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { tryCommand } from './command.ts'
import { eventually } from './eventually.ts'
import { findClient } from './real-client.ts'
import type { RegistryControl, RegistryUnderTest } from './registry.ts'
import { controlMissing } from './scenario.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

const promtool = findClient('promtool')
const rules = join(import.meta.dir, '..', '..', 'deploy', 'monitoring', 'alerts.yml')

/** Why no alert can be seen here; undefined when it can. */
export const alertsMissing =
  promtool === undefined ? 'not on this machine: promtool (Debian: prometheus)' : controlMissing

interface Rule {
  readonly alert: string
  readonly annotations: { readonly command: string }
}

/** What the command that an alert names says on the machine of the registry. */
export async function runCommandOf(alert: string, control: RegistryControl): Promise<string> {
  const { groups } = parse(await readFile(rules, 'utf8')) as { groups: readonly { rules: readonly Rule[] }[] }
  const rule = groups.flatMap((group) => group.rules).find((each) => each.alert === alert)
  if (rule === undefined) throw new Error(`there is no alert ${alert}`)
  const { stdout, stderr } = await control.tryBerth(rule.annotations.command.split(' ').slice(1))
  return `${stdout}\n${stderr}`
}

/** Labels that Prometheus adds to every sample of a scrape. */
const target = 'job="berth",instance="registry"'

/** What the registry holds is counted with rests of a hundred times as long as the count took. */
const patienceMs = 60_000

interface Scrape {
  /** In seconds since the epoch, as the moments among the samples. */
  readonly at: number
  readonly samples: ReadonlyMap<string, number>
  readonly standsMinutes: number
}

const isMoment = (series: string): boolean => /^\w+_time(stamp)?_seconds\{/.test(series)

/**
 * What Prometheus would know of a registry. Every scrape is real; only the time between them is not: a scrape is said to
 * stand for some minutes, and promtool goes through them.
 */
export class Watch {
  readonly #registry: Pick<RegistryUnderTest, 'url'>
  readonly #scrapes: Scrape[] = []

  constructor(registry: Pick<RegistryUnderTest, 'url'>) {
    this.#registry = registry
  }

  /** What is scraped now stands for so long. */
  async stands(minutes: number): Promise<void> {
    this.#scrapes.push({ at: Date.now() / 1000, samples: await this.#scrape(), standsMinutes: minutes })
  }

  /** Until the value of a metric is as it is waited for. `labels` as Prometheus writes them. */
  async sees(metric: string, isIt: number | ((value: number) => boolean), labels = ''): Promise<void> {
    const series = `${metric}{${[target, labels].filter(Boolean).join(',')}}`
    await eventually(async () => {
      const value = (await this.#scrape()).get(series) ?? Number.NaN
      if (typeof isIt === 'number' ? value !== isIt : !isIt(value)) throw new Error(`${series} is ${value}`)
    }, patienceMs)
  }

  /** @throws with what promtool says, unless exactly these alerts fire at the end of the last minute */
  async expectFiring(...alerts: readonly string[]): Promise<void> {
    await using folder = await createTemporaryFolder()
    const file = join(folder.path, 'observed.test.yml')
    await writeFile(file, JSON.stringify(this.#asTest(alerts)))
    const { code, stdout, stderr } = await tryCommand([promtool!, 'test', 'rules', file])
    if (code !== 0) throw new Error(`${stdout}\n${stderr}`)
  }

  #asTest(alerts: readonly string[]) {
    const minutes = this.#minutes()
    const names = new Set(minutes.flatMap((samples) => [...(samples?.keys() ?? [])]))
    const input_series = [...names].map((series) => ({
      series,
      // A series that a scrape lacks has ended, at once.
      values: minutes
        .map((samples) => (samples === undefined ? '_' : String(samples.get(series) ?? 'stale')))
        .join(' '),
    }))
    const firing = {
      expr: 'max by (alertname) (ALERTS{alertstate="firing"})',
      eval_time: `${minutes.length - 1}m`,
      exp_samples: alerts.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
    }
    const test = { interval: '1m', input_series, promql_expr_test: [firing] }
    return { rule_files: [rules], evaluation_interval: '1m', tests: [test] }
  }

  /** By promtool's clock, which begins at 0: as long before the first scrape as the oldest moment lies. */
  #minutes(): readonly (ReadonlyMap<string, number> | undefined)[] {
    const ages = this.#scrapes.flatMap(({ at, samples }) =>
      [...samples].filter(([series, value]) => isMoment(series) && value > 0).map(([, value]) => at - value),
    )
    const minutes: (ReadonlyMap<string, number> | undefined)[] = Array.from({
      length: Math.ceil(Math.max(0, ...ages) / 60) + 1,
    })
    for (const { at, samples, standsMinutes } of this.#scrapes) {
      const shift = minutes.length * 60 - at
      const shifted = new Map(
        [...samples].map(([series, value]) => [series, isMoment(series) && value > 0 ? value + shift : value]),
      )
      for (let minute = 0; minute < standsMinutes; minute += 1) minutes.push(shifted)
    }
    return minutes
  }

  /** A registry that does not answer is down; nothing more is known of it. */
  async #scrape(): Promise<ReadonlyMap<string, number>> {
    const up = `up{${target}}`
    try {
      const answer = await fetch(`${this.#registry.url}/metrics`, { tls: { rejectUnauthorized: false } })
      return new Map([...parseSamples(await answer.text()), [up, Number(answer.ok)]])
    } catch {
      return new Map([[up, 0]])
    }
  }
}

/** The text format, line by line. */
function parseSamples(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = /^([a-z_:]\w*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? []
    if (name !== undefined) samples.set(`${name}{${[target, labels].filter(Boolean).join(',')}}`, Number(value))
  }
  return samples
}
