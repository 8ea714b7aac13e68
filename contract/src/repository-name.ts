import { ContractError, quoted } from './contract-error.ts'

/** The full path of a repository, `project/rest`. */
export type RepositoryName = string & { readonly __brand: 'RepositoryName' }

/** As Distribution and Harbor have it, so that every name here can be replicated there. */
const maxLength = 255

// distribution-spec v1.1 §pulling-manifests. Separators and letters share no character, so a failed match gives
// up after one pass; the length is looked at first all the same.
const component = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*'
const namePattern = new RegExp(`^${component}(?:/${component})*$`)
const projectPattern = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/

/** Throws `NAME_INVALID`. Names of one component pass: see `canonicalRepositoryName`. */
export function parseRepositoryName(text: string): RepositoryName {
  if (text.length > maxLength) {
    throw new ContractError(
      'NAME_INVALID',
      `invalid repository name: ${quoted(text)} is longer than ${maxLength} characters`,
    )
  }
  if (!namePattern.test(text)) {
    throw new ContractError(
      'NAME_INVALID',
      `invalid repository name: ${quoted(text)}; a name has lower-case letters and digits, between them ".", "_", "__" or dashes, in parts separated by "/"`,
    )
  }
  return text as RepositoryName
}

/**
 * The name as the registry keeps it: one component alone lies in the default project (`nginx` → `library/nginx`).
 * Throws `NAME_INVALID`, also for such a name when there is no default project.
 */
export function canonicalRepositoryName(text: string, defaultProject: string | undefined): RepositoryName {
  const name = parseRepositoryName(text)
  if (name.includes('/')) return name
  if (defaultProject === undefined) {
    throw new ContractError(
      'NAME_INVALID',
      `invalid repository name: ${quoted(text)}, a project is needed, as in myproject/${text.slice(0, 40)}`,
    )
  }
  return parseRepositoryName(`${defaultProject}/${name}`)
}

/** The first component. */
export function projectOf(name: RepositoryName): string {
  const slash = name.indexOf('/')
  return slash < 0 ? name : name.slice(0, slash)
}

/** The part behind the project; empty for a name of one component. */
export function restOf(name: RepositoryName): string {
  const slash = name.indexOf('/')
  return slash < 0 ? '' : name.slice(slash + 1)
}

export function componentsOf(name: RepositoryName): string[] {
  return name.split('/')
}

/** Harbor's rule for project names. Throws `NAME_INVALID`. */
export function parseProjectName(text: string): string {
  if (text.length === 0 || text.length > maxLength || !projectPattern.test(text)) {
    throw new ContractError(
      'NAME_INVALID',
      `project name is not in lower case or contains illegal characters: ${quoted(text)}; it has 1 to ${maxLength} lower-case letters and digits, with single ".", "_" or "-" between them`,
    )
  }
  return text
}
