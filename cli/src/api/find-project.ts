import type { AnswerOf, RegistryApi } from './registry-api.ts'

/** A project by its name. @throws CommandError when there is none, or it may not be seen */
export const getProject = (api: RegistryApi, name: string): Promise<AnswerOf<'GET /projects/{project_name_or_id}'>> =>
  api.call('GET /projects/{project_name_or_id}', { params: { project_name_or_id: name } })
