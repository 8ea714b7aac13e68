/** A kind of remote registry that can be used, by Harbor's name. All of them are spoken to by /v2. */
export interface RegistryType {
  /** Where all registries of the type are; undefined: each has its own address. */
  readonly endpoints?: readonly { readonly name: string; readonly url: string }[]
  /** Where its registry API is, when that is not at the address people know. */
  readonly apiUrl?: string
  /** Where its token service is, when that is another host. */
  readonly tokenHosts?: readonly string[]
  /** The one username there is. */
  readonly fixedAccessKey?: string
  /** Components that a repository's name may have; any number when left out. */
  readonly components?: { readonly min: number; readonly max?: number }
}

const dockerHub = { name: 'hub.docker.com', url: 'https://hub.docker.com' }
const googleEndpoints = ['gcr.io', 'eu.gcr.io', 'asia.gcr.io', 'us.gcr.io'].map((host) => ({
  name: host,
  url: `https://${host}`,
}))

export const registryTypes: Readonly<Record<string, RegistryType>> = {
  harbor: { components: { min: 2 } },
  'docker-hub': {
    endpoints: [dockerHub],
    apiUrl: 'https://registry-1.docker.io',
    tokenHosts: ['auth.docker.io'],
    components: { min: 2, max: 2 },
  },
  'docker-registry': {},
  'azure-acr': {},
  'github-ghcr': { endpoints: [{ name: 'ghcr.io', url: 'https://ghcr.io' }] },
  gitlab: { tokenHosts: ['gitlab.com'] },
  'google-gcr': { endpoints: googleEndpoints, fixedAccessKey: '_json_key' },
  'jfrog-artifactory': {},
  quay: {},
}

/** Hosts whose token service is given the credential of such a remote registry. */
export function tokenHostsOf(type: string): readonly string[] {
  return registryTypes[type]?.tokenHosts ?? []
}

/** Where the registry API of such a remote registry is. */
export function apiUrlOf(type: string, url: string): string {
  return registryTypes[type]?.apiUrl ?? url
}

/** How many components a name has at such a remote registry. */
export function nameRuleOf(type: string): {
  readonly minComponents: number
  readonly maxComponents: number | undefined
} {
  const { min, max } = { min: 1, max: undefined, ...registryTypes[type]?.components }
  return { minComponents: min, maxComponents: max }
}
