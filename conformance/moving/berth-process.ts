import { join } from 'node:path'
import type { RegistryUnderTest } from '../harness/registry.ts'

/** What `berth import … --output json` says. */
export interface ImportReport {
  readonly complete: boolean
  readonly repositories: { readonly taken: number; readonly notTaken: number }
  readonly manifests: { readonly taken: number; readonly alreadyHere: number; readonly notTaken: number }
  readonly tags: { readonly taken: number; readonly alreadyHere: number; readonly notTaken: number }
  readonly blobs: {
    readonly shared: number
    readonly copied: number
    readonly linked: number
    readonly notTaken: number
  }
  readonly reasons: Readonly<Record<string, number>>
  readonly notTaken: readonly { what: string; repository: string; name: string; reason: string; message: string }[]
}

/** One command of berth on the data of the registry, as a process that can be killed and may end with any code. */
export function berthProcess(
  registry: RegistryUnderTest,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdin = '',
): Bun.Subprocess<Uint8Array, 'pipe', 'pipe'> {
  const program = join(import.meta.dir, '..', '..', 'cli', 'src', 'main.ts')
  return Bun.spawn([process.execPath, program, ...args, '--data', registry.control!.dataFolder], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdin: new TextEncoder().encode(stdin),
    stdout: 'pipe',
    stderr: 'pipe',
  })
}
