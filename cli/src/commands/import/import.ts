import type { Command } from 'commander'
import { registerImportHarbor } from './harbor.ts'
import { registerImportOci } from './oci.ts'
import { registerImportRegistry } from './registry.ts'

export function registerImportCommands(program: Command): void {
  const command = program.command('import').description('move in: take over what another registry has')
  registerImportRegistry(command)
  registerImportOci(command)
  registerImportHarbor(command)
}
