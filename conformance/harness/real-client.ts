import { afterAll, beforeAll, describe, test } from 'bun:test'
import { join } from 'node:path'
import { startRegistry, transportsUnderTest, type RegistryUnderTest } from './registry.ts'

/** Where install-clients.sh puts what it builds. */
export const clientsFolder =
  process.env['BERTH_CLIENTS_FOLDER'] ?? join(import.meta.dir, '..', '..', '.cache', 'clients')

/** The path of a client's program; undefined when this machine has none. */
export function findClient(name: string): string | undefined {
  const path = [clientsFolder, process.env['PATH'], '/usr/sbin', '/sbin'].filter(Boolean).join(':')
  return Bun.which(name, { PATH: path }) ?? undefined
}

const missing = new Set<string>()

/** Shows a skipped test, and says on the terminal what was skipped and how to have it. */
export function skipLoudly(subject: string, why: string): void {
  describe.skip(`${subject}: SKIPPED, ${why}`, () => {
    test('nothing was tested', () => undefined)
  })
  if (missing.has(subject)) return
  missing.add(subject)
  console.error(`\n!!! ${subject} SKIPPED: ${why}\n!!! conformance/install-clients.sh installs what can be had here\n`)
}

export interface ClientScenario<Names extends string> {
  readonly registry: RegistryUnderTest
  /** Paths of the programs. */
  readonly programs: Readonly<Record<Names, string>>
}

interface ClientOptions {
  readonly needsRoot?: boolean
}

/**
 * Runs `body` once per transport against a registry of its own, when all `programs` are there. `scenario()` may be
 * called within hooks and tests only: before them there is no registry.
 */
export function describeClient<const Names extends string>(
  title: string,
  programs: readonly Names[],
  body: (scenario: () => ClientScenario<Names>, transport: 'http' | 'https') => void,
  { needsRoot = false }: ClientOptions = {},
): void {
  const found = programs.map((name) => [name, findClient(name)] as const)
  const absent = found.filter(([, path]) => path === undefined).map(([name]) => name)
  if (absent.length > 0) return skipLoudly(title, `not on this machine: ${absent.join(', ')}`)
  if (needsRoot && process.getuid?.() !== 0) return skipLoudly(title, 'it runs as root only')
  const paths = Object.fromEntries(found) as Record<Names, string>
  for (const transport of transportsUnderTest()) {
    describe(`${title} over ${transport}`, () => {
      let running: RegistryUnderTest | undefined
      beforeAll(async () => {
        running = await startRegistry({ transport })
      }, 30_000)
      afterAll(() => running?.[Symbol.asyncDispose]())
      body(() => {
        if (running === undefined) throw new Error('the registry has not started')
        return { registry: running, programs: paths }
      }, transport)
    })
  }
}
