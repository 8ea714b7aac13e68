import { BlobPool } from '../client/blob-pool.ts'
import type { Operation } from '../client/closed-loop.ts'
import { expectStatus, prepareManifest, type RegistryRequests } from '../client/registry-requests.ts'
import {
  isIndex,
  isTagged,
  ownLayer,
  perRepository,
  projectName,
  repositoryName,
  repositoryOf,
  sharedLayer,
  tagName,
} from './shape.ts'
import type { Site } from './site.ts'

/** What is asked again and again, or one long piece of work. */
export type Workload =
  | { readonly name: string; readonly operation: (site: Site) => Operation }
  | { readonly name: string; readonly work: (site: Site) => Promise<Work> }

/** How long a piece of work took, and of how many parts it was. */
export interface Work {
  readonly parts: number
  readonly seconds: number
}

const random = (below: number): number => Math.floor(Math.random() * below)

/** Any manifest, each as likely as any other: what the caches of the database help least. */
const anywhere = ({ shape }: Site) => random(shape.manifests)
/** One of 2,000 manifests that everybody pulls. */
const popular = ({ shape }: Site) => shape.largest + random(Math.min(2_000, shape.manifests - shape.largest))

/** Blobs that are given to garbage collection at once. */
const garbage = 300

export function workloads(): Workload[] {
  const reads = (
    name: string,
    path: (site: Site) => string,
    as: (site: Site) => RegistryRequests,
    method: 'GET' | 'HEAD' = 'GET',
  ): Workload => ({
    name,
    operation: (site) => async (connection) => {
      const answer = await connection.exchange(as(site).read(method, path(site)))
      expectStatus(answer, 200)
      return answer.bodyBytes
    },
  })
  const puller = (site: Site) => site.puller
  const pusher = (site: Site) => site.pusher
  const administrator = (site: Site) => site.administrator

  const manifest = (pick: (site: Site) => number) => (site: Site) => {
    const chosen = pickWhere(() => pick(site), isTagged)
    return `/v2/${repositoryName(site.shape, repositoryOf(site.shape, chosen))}/manifests/${tagName(chosen)}`
  }
  const blob = (site: Site) => {
    const chosen = pickWhere(
      () => anywhere(site),
      (each) => !isIndex(each),
    )
    const digest = random(4) === 0 ? sharedLayer(chosen) : ownLayer(chosen)
    return `/v2/${repositoryName(site.shape, repositoryOf(site.shape, chosen))}/blobs/${digest}`
  }
  const anyRepository = ({ shape }: Site) => 2 + random(shape.repositories - 1)
  const artifacts = (site: Site, repository: number, page: number) => {
    const [project, name] = repositoryName(site.shape, repository).split('/')
    return `/api/v2.0/projects/${project}/repositories/${name}/artifacts?page_size=10&page=${page}`
  }
  const largestPages = ({ shape }: Site) => Math.floor((shape.largest * 0.8) / 10)

  return [
    reads('manifest by tag, popular', manifest(popular), puller),
    reads('manifest by tag, anywhere', manifest(anywhere), puller),
    reads('HEAD blob by who may pull', blob, puller, 'HEAD'),
    reads('HEAD blob by who may push', blob, pusher, 'HEAD'),
    reads(
      'tags list, 100 of 90',
      (site) => `/v2/${repositoryName(site.shape, anyRepository(site))}/tags/list?n=100`,
      puller,
    ),
    reads(
      'tags list, 100 in the middle of the largest repository',
      (site) =>
        `/v2/${repositoryName(site.shape, 1)}/tags/list?n=100&last=${tagName(random(site.shape.largest - perRepository))}`,
      puller,
    ),
    { name: 'push of an image', operation: imagePush },
    { name: 'garbage collection, a blob', work: (site) => collectGarbage(site, garbage) },
    reads('API: projects', () => '/api/v2.0/projects?page_size=10', puller),
    reads(
      'API: repositories of a project',
      (site) => `/api/v2.0/projects/${projectName(1 + random(site.shape.projects))}/repositories?page_size=10`,
      puller,
    ),
    reads('API: artifacts of a repository', (site) => artifacts(site, anyRepository(site), 1), puller),
    reads('API: artifacts of the largest repository', (site) => artifacts(site, 1, 1), puller),
    reads(
      'API: artifacts of the largest repository, deep',
      (site) => artifacts(site, 1, random(largestPages(site))),
      puller,
    ),
    reads('API: all repositories', () => '/api/v2.0/repositories?page_size=10', puller),
    reads('API: all repositories, by an administrator', () => '/api/v2.0/repositories?page_size=10', administrator),
    reads('API: search', (site) => `/api/v2.0/search?q=r${String(anyRepository(site)).padStart(7, '0')}`, puller),
    reads('API: statistics, by an administrator', () => '/api/v2.0/statistics', administrator),
    reads(
      'API: audit log of a project',
      (site) => `/api/v2.0/projects/${projectName(1 + random(site.shape.projects))}/auditlog-exts?page_size=10`,
      administrator,
    ),
    reads('API: quotas', () => '/api/v2.0/quotas?page_size=10&sort=-used.storage', administrator),
  ]
}

const pool = new BlobPool(8_192)

/** Two small blobs, each asked for and sent by three requests, and their manifest: to any repository. */
function imagePush(site: Site): Operation {
  const run = crypto.randomUUID()
  return async (connection, index) => {
    const config = pool.next(1_500)
    const layer = pool.next(4_000)
    const repository = repositoryName(site.shape, 2 + random(site.shape.repositories - 1))
    const manifest = prepareManifest(config, [layer])
    return await site.pusher.pushImage(connection, repository, `${run}-${index}`, [layer, config], manifest)
  }
}

/** Half of the links that come up for review are still used, half are of blobs that nothing names. */
async function collectGarbage(site: Site, blobs: number): Promise<Work> {
  const half = blobs / 2
  const prefix = `sha256:${crypto.randomUUID().replaceAll('-', '')}`
  const digest = `'${prefix}' || lpad(n::text, 32, '0')`
  await site.query(`insert into blob (digest, size, location, state, condemned_at, created_at)
    select ${digest}, 1, 'blobs/uploaded/00/none', 'live', null, 0 from generate_series(1, ${half}) as n`)
  await site.query(`insert into repository_blob (repository_id, digest, protected_until, created_at)
    select 1 + n % ${site.shape.repositories}, ${digest}, 1, 1 from generate_series(1, ${half}) as n`)
  await site.query(`insert into link_review (repository_id, digest, review_after)
    select 1 + n % ${site.shape.repositories}, ${digest}, 1 from generate_series(1, ${half}) as n`)
  await site.query(`insert into link_review (repository_id, digest, review_after)
    select distinct repository_id, digest, 1 from artifact_blob
    where artifact_id in (select 1 + (random() * ${site.shape.manifests - 2})::int from generate_series(1, ${blobs}))
    limit ${half} on conflict (repository_id, digest) do update set review_after = 1`)
  const left = async () =>
    Number((await site.query(`select count(*)::int as left from link_review where review_after = 1`))[0]!['left'])
  // The clock starts when the round is under way, not while it is waited for.
  let first = await left()
  for (let now = first; now === first; now = await left()) await Bun.sleep(2)
  first = await left()
  const startedAt = performance.now()
  while ((await left()) > 0) await Bun.sleep(2)
  const seconds = (performance.now() - startedAt) / 1000
  return { parts: first, seconds }
}

function pickWhere(pick: () => number, isWanted: (each: number) => boolean): number {
  for (;;) {
    const chosen = pick()
    if (isWanted(chosen)) return chosen
  }
}
