/** Where things are, for links that are made of data. `<LinkAnchor {...repositoryAddress(name)}>` */
interface Address {
  readonly to: string
  readonly params: never
}

const address = (to: string, params: Readonly<Record<string, string>>): Address => ({ to, params: params as never })

export const projectAddress = (projectName: string): Address => address('/projects/$projectName', { projectName })

/** `name` is the full one, `project/rest`. */
export function repositoryAddress(name: string): Address {
  const { projectName, repository } = splitName(name)
  return address('/projects/$projectName/repositories/$repository', { projectName, repository })
}

export function artifactAddress(name: string, reference: string): Address {
  const { projectName, repository } = splitName(name)
  return address('/projects/$projectName/repositories/$repository/artifacts/$reference', {
    projectName,
    repository,
    reference,
  })
}

/** The project of a repository's full name, and the rest, which the API calls the name of the repository. */
export function splitName(name: string): { readonly projectName: string; readonly repository: string } {
  const slash = name.indexOf('/')
  return { projectName: name.slice(0, slash), repository: name.slice(slash + 1) }
}
