import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import { isSwitchedOn } from '../projects/project-metadata.ts'

/** Whether the project of a repository here says that nothing of it leaves this registry. */
export async function mustStay(reader: Reader, repository: string): Promise<boolean> {
  const project = await reader
    .selectFrom('project')
    .select('id')
    .where('name', '=', projectOf(repository as RepositoryName))
    .executeTakeFirst()
  return project !== undefined && (await isSwitchedOn(reader, project.id, 'must_not_leave'))
}
