import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RegistryUnderTest } from './registry.ts'

/**
 * A folder in the form that docker, podman and containerd read (`certs.d/HOST:PORT/ca.crt`): gives `folder`, or
 * undefined over plain HTTP.
 */
export async function copyAuthority(registry: RegistryUnderTest, folder: string): Promise<string | undefined> {
  if (registry.authorityFile === undefined) return undefined
  await mkdir(folder, { recursive: true })
  await copyFile(registry.authorityFile, join(folder, 'ca.crt'))
  return folder
}
