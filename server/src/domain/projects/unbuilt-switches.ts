import { DomainError } from '../errors.ts'
import type { MetadataKey, ProjectMetadata } from './project-metadata.ts'

const nothingChecks = 'nothing checks signatures when somebody pulls'

/** Switches that promise protection or content which this version does not give, each with what is missing. */
const refused: Readonly<Partial<Record<MetadataKey, string>>> = {
  enable_content_trust: nothingChecks,
  enable_content_trust_cosign: nothingChecks,
}

/** Why a switch cannot have this value; undefined where it can. */
export function whyRefused(key: MetadataKey, value: string): string | undefined {
  if (value !== 'true' || refused[key] === undefined) return undefined
  return `${key} cannot be switched on: in this version ${refused[key]}; leave it false`
}

/**
 * A switch that nothing reads is not accepted. One that is on already, from a version before, may be said again.
 * @throws DomainError BAD_REQUEST
 */
export function assertSwitchesBuilt(metadata: ProjectMetadata, stored: ProjectMetadata = {}): void {
  for (const [key, value] of Object.entries(metadata) as [MetadataKey, string][]) {
    const why = stored[key] === value ? undefined : whyRefused(key, value)
    if (why !== undefined) throw new DomainError('BAD_REQUEST', why)
  }
}
