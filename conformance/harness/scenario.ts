import { afterAll, beforeAll, describe } from 'bun:test'
import { skipLoudly } from './real-client.ts'
import { startRegistry, type RegistryControl, type RegistryUnderTest, type StartOptions } from './registry.ts'

/** Runs `body` against a registry of its own, or the one that runs already. Within hooks and tests only. */
export function describeScenario(title: string, body: (registry: () => RegistryUnderTest) => void): void {
  describe(title, () => {
    let running: RegistryUnderTest | undefined
    beforeAll(async () => {
      running = await startRegistry()
    }, 30_000)
    afterAll(() => running?.[Symbol.asyncDispose]())
    body(() => {
      if (running === undefined) throw new Error('the registry has not started')
      return running
    })
  })
}

export type ControlledRegistry = RegistryUnderTest & { readonly control: RegistryControl }

/** Why nothing can be done that only whoever started the registry can do; undefined when it can. */
export const controlMissing =
  (process.env['BERTH_CONFORMANCE_URL'] ?? '') !== '' ? 'the registry was not started by the tests' : undefined

/** Starts a registry of this checkout. */
export async function startControlledRegistry(options: StartOptions = {}): Promise<ControlledRegistry> {
  const registry = await startRegistry(options)
  if (registry.control === undefined) throw new Error('the registry cannot be controlled')
  return { ...registry, control: registry.control }
}

/** As `describeScenario`, for what only whoever started the registry can do. */
export function describeControlledScenario(
  title: string,
  body: (registry: () => ControlledRegistry) => void,
  options: StartOptions = {},
): void {
  if (controlMissing !== undefined) return skipLoudly(title, controlMissing)
  describe(title, () => {
    let running: ControlledRegistry | undefined
    beforeAll(async () => {
      running = await startControlledRegistry(options)
    }, 30_000)
    afterAll(() => running?.[Symbol.asyncDispose]())
    body(() => {
      if (running === undefined) throw new Error('the registry has not started')
      return running
    })
  })
}

let accounts = 0

/** A new account that has no rights yet. */
export async function addAccount({ control }: ControlledRegistry): Promise<{ username: string; password: string }> {
  accounts += 1
  const username = `user${accounts}`
  const password = `Aa1${crypto.randomUUID()}`
  await control.berth(['user', 'add', username, '--password-stdin'], `${password}\n`)
  return { username, password }
}

export type Role = 'project-admin' | 'maintainer' | 'developer' | 'guest' | 'limited-guest'

/** A new project, private unless said otherwise, with the accounts as members in their roles. */
export async function addProject(
  { control }: ControlledRegistry,
  members: readonly { username: string; role: Role }[] = [],
  visibility: 'private' | 'public' = 'private',
): Promise<string> {
  const project = `project-${crypto.randomUUID().slice(0, 8)}`
  await control.berth(['project', 'create', project, ...(visibility === 'public' ? ['--public'] : [])])
  for (const { username, role } of members) await control.berth(['project', 'member', 'add', project, username, role])
  return project
}
