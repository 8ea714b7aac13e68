import type { QueryClient } from '@tanstack/react-query'
import { runBatch } from '../../api/batch.ts'
import { call } from '../../api/client.ts'
import { invalidate } from '../../api/queries.ts'
import type { Item } from '../../components/bulk.ts'
import type { Place } from './artifact-columns.tsx'

/** Deletes an artifact with its tags; what it returns brings it back from the trash of the project. @throws ApiError */
export async function deleteArtifact(client: QueryClient, place: Place, digest: string): Promise<() => Promise<void>> {
  await call('DELETE /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}', {
    params: { project_name: place.projectName, repository_name: place.repository, reference: digest },
  })
  await invalidate(client, '/projects', '/statistics')
  return async () => await restoreNewest(client, place, ({ digest: trashed }) => trashed === digest)
}

/** Takes a tag away; what it returns gives it back. @throws ApiError */
export async function deleteTag(
  client: QueryClient,
  place: Place,
  digest: string,
  tag: string,
): Promise<() => Promise<void>> {
  await call('DELETE /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/tags/{tag_name}', {
    params: { project_name: place.projectName, repository_name: place.repository, reference: digest, tag_name: tag },
  })
  await invalidate(client, '/projects')
  return async () => await restoreNewest(client, place, ({ tags }) => tags.some(({ name }) => name === tag))
}

/** Brings back what was deleted just now: of each item the newest entry of the trash. @throws ApiError */
export async function restoreMany(
  client: QueryClient,
  place: Place,
  items: readonly Item[],
  itemOf: (entry: TrashEntry) => Item | undefined,
): Promise<void> {
  const params = { project_name_or_id: place.projectName }
  const ids: number[] = []
  const missing = new Set<Item | undefined>(items)
  for (let before: number | undefined, page = 0; missing.size > 0 && page < maxTrashPages; page += 1) {
    const entries = await call('GET /projects/{project_name_or_id}/trash', {
      params,
      query: { repository: `${place.projectName}/${place.repository}`, page_size: 100, before },
    })
    ids.push(...entries.filter((entry) => missing.delete(itemOf(entry))).map(({ id }) => id))
    before = entries.at(-1)?.id
    if (entries.length < 100) break
  }
  const { refused, failure } = await runBatch(ids, async (entries) =>
    call('POST /projects/{project_name_or_id}/batch/restore-trash', {
      params,
      body: { items: entries.map(Number), overwrite: false },
    }),
  )
  await invalidate(client, '/projects', '/statistics')
  const [first] = refused.values()
  if (failure !== undefined || first !== undefined) throw failure ?? first
}

/** Undo is for what has just happened. */
const maxTrashPages = 100

interface TrashEntry {
  readonly id: number
  readonly kind: 'artifact' | 'tag'
  readonly digest: string
  readonly tags: readonly { readonly name: string }[]
}

async function restoreNewest(client: QueryClient, place: Place, isIt: (entry: TrashEntry) => boolean): Promise<void> {
  const project = { project_name_or_id: place.projectName }
  const entries = await call('GET /projects/{project_name_or_id}/trash', {
    params: project,
    query: { repository: `${place.projectName}/${place.repository}`, page_size: 20 },
  })
  const entry = entries.find(isIt)
  if (entry === undefined) throw new Error('it is no longer in the trash')
  await call('POST /projects/{project_name_or_id}/trash/{entry_id}/restore', {
    params: { ...project, entry_id: entry.id },
    body: { overwrite: false },
  })
  await invalidate(client, '/projects', '/statistics')
}
