import { ContractError } from '#contract/contract-error.ts'
import { parseReference } from '#contract/reference.ts'
import { parseRepositoryName } from '#contract/repository-name.ts'
import { RegistryFailure } from './registry-failure.ts'

/**
 * The part of a path that a repository's name is. Names come from other registries: what is none (`../admin`,
 * `a/%2e%2e/b`) would lead to another place of the API.
 * @throws RegistryFailure NAME_INVALID
 */
export function repositoryPath(name: string): string {
  return checked(() => parseRepositoryName(name))
}

/** @throws RegistryFailure NAME_INVALID for what is neither a tag nor a digest */
export function referencePath(reference: string): string {
  checked(() => parseReference(reference))
  return reference
}

function checked<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    throw new RegistryFailure('NAME_INVALID', error.message, { cause: error })
  }
}
