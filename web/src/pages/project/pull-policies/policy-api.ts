import { useQuery } from '@tanstack/react-query'
import { call, type InputOf, type RowOf } from '../../../api/client.ts'
import { query } from '../../../api/queries.ts'

export type Policy = RowOf<'GET /projects/{project_name_or_id}/policies'>
export type PolicyBody = NonNullable<InputOf<'POST /projects/{project_name_or_id}/policies'>['body']>
export type Condition = PolicyBody['condition']
export type Exemption = RowOf<'GET /projects/{project_name_or_id}/policy-exemptions'>
export type ExemptionBody = NonNullable<InputOf<'POST /projects/{project_name_or_id}/policy-exemptions'>['body']>

/** A project by its name; undefined: the registry, whose policies concern every project. */
export type PolicyPlace = string | undefined

const inProject = (project: string) => ({ project_name_or_id: project })

export function usePolicies(project: PolicyPlace) {
  const ofRegistry = useQuery({ ...query('GET /system/policies'), enabled: project === undefined })
  const ofProject = useQuery({
    ...query('GET /projects/{project_name_or_id}/policies', { params: inProject(project ?? '') }),
    enabled: project !== undefined,
  })
  return project === undefined ? ofRegistry : ofProject
}

export function useExemptions(project: PolicyPlace) {
  const ofRegistry = useQuery({ ...query('GET /system/policy-exemptions'), enabled: project === undefined })
  const ofProject = useQuery({
    ...query('GET /projects/{project_name_or_id}/policy-exemptions', { params: inProject(project ?? '') }),
    enabled: project !== undefined,
  })
  return project === undefined ? ofRegistry : ofProject
}

/** Adds the policy, or puts it in the place of the one with that id. */
export async function savePolicy(project: PolicyPlace, id: number | undefined, body: PolicyBody): Promise<void> {
  if (project === undefined) {
    if (id === undefined) await call('POST /system/policies', { body })
    else await call('PUT /system/policies/{policy_id}', { params: { policy_id: id }, body })
    return
  }
  const params = inProject(project)
  if (id === undefined) await call('POST /projects/{project_name_or_id}/policies', { params, body })
  else
    await call('PUT /projects/{project_name_or_id}/policies/{policy_id}', {
      params: { ...params, policy_id: id },
      body,
    })
}

export async function deletePolicy(project: PolicyPlace, id: number): Promise<void> {
  const params = { policy_id: id }
  await (project === undefined
    ? call('DELETE /system/policies/{policy_id}', { params })
    : call('DELETE /projects/{project_name_or_id}/policies/{policy_id}', {
        params: { ...params, ...inProject(project) },
      }))
}

export async function createExemption(project: PolicyPlace, body: ExemptionBody): Promise<void> {
  await (project === undefined
    ? call('POST /system/policy-exemptions', { body })
    : call('POST /projects/{project_name_or_id}/policy-exemptions', { params: inProject(project), body }))
}

export async function endExemption(project: PolicyPlace, id: number): Promise<void> {
  const params = { exemption_id: id }
  await (project === undefined
    ? call('DELETE /system/policy-exemptions/{exemption_id}', { params })
    : call('DELETE /projects/{project_name_or_id}/policy-exemptions/{exemption_id}', {
        params: { ...params, ...inProject(project) },
      }))
}

/** What changes with a policy or an exemption; the verdicts on artifacts lie below `/projects`. */
export const policyPaths = ['/projects', '/system/policies', '/system/policy-exemptions'] as const
