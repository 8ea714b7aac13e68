/**
 * The path of a Harbor's list of artifacts of a repository. The part behind the project may have slashes, which Harbor
 * wants encoded twice.
 */
export function artifactsPath(repository: string): string {
  const slash = repository.indexOf('/')
  const rest = encodeURIComponent(encodeURIComponent(repository.slice(slash + 1)))
  return `/projects/${encodeURIComponent(repository.slice(0, slash))}/repositories/${rest}/artifacts`
}
