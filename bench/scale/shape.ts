/**
 * The content of a generated registry, computed from numbers alone, so that SQL can write it and the client that drives
 * the load can name any part of it without asking. Manifests are 0 … `manifests`-1, repositories 1 … , projects 1 … .
 *
 * Each manifest names five blobs: a config and a layer of its own, one that twenty manifests have, one of the whole
 * repository, and one of 200 base layers that all repositories share. Every twentieth is an index of the two before it,
 * which have no tag; every twentieth a signature of the one before it. One repository holds a hundredth of everything,
 * the others a hundred manifests each.
 */
export interface Shape {
  readonly manifests: number
  /** Of the first repository; each other one has 100. */
  readonly largest: number
  readonly repositories: number
  readonly projects: number
}

export const perRepository = 100
export const baseLayers = 200

export function shapeOf(manifests: number): Shape {
  if (manifests % 10_000 !== 0) throw new Error('the number of manifests must be a multiple of 10,000')
  const largest = manifests / 100
  const repositories = 1 + (manifests - largest) / perRepository
  return { manifests, largest, repositories, projects: Math.max(10, Math.round(repositories / 100)) }
}

export const repositoryOf = ({ largest }: Shape, manifest: number): number =>
  manifest < largest ? 1 : 2 + Math.floor((manifest - largest) / perRepository)

export const projectOf = ({ projects }: Shape, repository: number): number => 1 + ((repository - 1) % projects)

export const repositoryName = (shape: Shape, repository: number): string =>
  `${projectName(projectOf(shape, repository))}/r${String(repository).padStart(7, '0')}`

export const projectName = (project: number): string => `p${String(project).padStart(5, '0')}`

export const isIndex = (manifest: number): boolean => manifest % 20 === 19
export const isSignature = (manifest: number): boolean => manifest % 20 === 9
export const isTagged = (manifest: number): boolean => manifest % 20 !== 17 && manifest % 20 !== 18

export const tagName = (manifest: number): string => `v${String(manifest).padStart(8, '0')}`

export const manifestDigest = (manifest: number): string => digestOf(`manifest ${manifest}`)

/** One blob of its own, and one that twenty manifests share. */
export const ownLayer = (manifest: number): string => digestOf(`layer ${manifest}`)
export const sharedLayer = (manifest: number): string => digestOf(`shared ${Math.floor(manifest / 20)}`)

function digestOf(name: string): string {
  return `sha256:${new Bun.CryptoHasher('md5').update(name).digest('hex').repeat(2)}`
}
