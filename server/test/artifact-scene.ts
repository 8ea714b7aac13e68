import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { pushManifest } from '#server/domain/artifacts/push.ts'
import type { OpenDatabase } from './databases.ts'
import { composeRegistryForTest, system, type RegistryForTestOptions } from './registry-for-test.ts'

export const app = 'library/app' as RepositoryName
export const bytes = (text: string) => new TextEncoder().encode(text)
const indexType = 'application/vnd.oci.image.index.v1+json'

/** The domain with what tests of pushes and deletes look at. */
export async function composeArtifactScene(open: OpenDatabase, options: RegistryForTestOptions = {}) {
  const registry = await composeRegistryForTest(await open(), undefined, options)
  const { admit, database } = registry
  const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
    await work.then(
      () => 'done',
      (error: unknown) => (error as { code?: unknown }).code ?? error,
    )
  return {
    ...registry,
    codeOf,
    push: async (image: Parameters<typeof pushManifest>[2]) =>
      await pushManifest(registry, await admit(system, 'push', app), image),
    deleting: async () => await admit(system, 'delete', app),
    deletingRepository: async () => await admit(system, 'delete-repository', app),
    tags: async () =>
      await database.read
        .selectFrom('tag')
        .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
        .select(['tag.name', 'artifact.digest'])
        .orderBy('tag.name')
        .execute(),
    artifacts: async () => (await database.read.selectFrom('artifact').select('digest').execute()).length,
  }
}

/** An index of manifests. */
export function indexOf(children: readonly { readonly digest: Digest; readonly size: number }[]) {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifests = children.map((child) => ({ mediaType, ...child }))
  const body = bytes(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }))
  const reference = { kind: 'tag' as const, tag: 'index' as TagName }
  return { reference, tags: [], manifest: parseManifest(body, indexType), bytes: body }
}
