import { importLabels, judge, type HarborImport } from './harbor-import.ts'

export interface HarborProject {
  readonly project_id: number
  readonly name: string
  readonly registry_id?: number | null
  readonly metadata?: Readonly<Record<string, string>>
  readonly cve_allowlist?: {
    readonly items?: readonly { cve_id: string }[] | null
    readonly expires_at?: number | null
  }
}

/** Metadata of a project that is an id of that Harbor, or that is imported by itself. */
const notMetadata = new Set(['retention_id', 'public'])

/** One project with everything that is said of it. False when it could not be made: then its content stays out. */
export async function importProject(context: HarborImport, project: HarborProject): Promise<boolean> {
  const { source, own, report } = context
  const { name } = project
  const path = `/projects/${encodeURIComponent(name)}`
  if (project.registry_id !== undefined && project.registry_id !== null && project.registry_id > 0) {
    report.leaveOut('project', name, 'it is a cache of another registry, and is filled anew where it is set up again')
    return false
  }
  const created = await own.call('POST', '/projects', {
    project_name: name,
    metadata: { public: project.metadata?.['public'] ?? 'false' },
    storage_limit: await limitOf(context, project),
  })
  if (!judge(context, 'project', name, created)) return false
  const mine = (await own.call('GET', path)).body as HarborProject
  // Properties that were changed here since the first run stay.
  if (created.status === 201) {
    const metadata = Object.entries(project.metadata ?? {}).filter(([key]) => !notMetadata.has(key))
    if (metadata.length > 0) {
      const answer = await own.call('PUT', path, { metadata: Object.fromEntries(metadata) })
      if (answer.status !== 200) report.leaveOut('project', name, `its settings: ${answer.message}`)
    }
    if ((project.cve_allowlist?.items ?? []).length > 0) {
      const { items, expires_at } = project.cve_allowlist!
      const answer = await own.call('PUT', path, { cve_allowlist: { items, expires_at: expires_at ?? null } })
      judge(context, 'allowlist', name, answer)
    }
  }
  await importLabels(context, `/labels?scope=p&project_id=${project.project_id}`, {
    scope: 'p',
    project_id: mine.project_id,
  })
  await importMembers(context, path, name)
  if (created.status === 201) {
    for await (const item of source.walk(`${path}/immutabletagrules`)) {
      const answer = await own.call('POST', `${path}/immutabletagrules`, { ...(item as object), id: 0 })
      judge(context, 'immutability-rule', name, answer)
    }
  }
  await importRetention(context, project, mine.project_id)
  for await (const item of source.walk(`${path}/webhook/policies`)) {
    const { name: policy } = item as { name: string }
    // Asleep: what moves in is pushed here, and nobody wants to be told of all of it.
    const answer = await own.call('POST', `${path}/webhook/policies`, { ...(item as object), enabled: false })
    judge(context, 'webhook-policy', `${name}: ${policy}`, answer)
  }
  for await (const item of source.walk(`${path}/preheat/policies`)) {
    const { name: policy } = item as { name: string }
    report.leaveOut('preheat-policy', `${name}: ${policy}`, 'preheating is not imported')
  }
  return true
}

async function limitOf({ source }: HarborImport, { project_id: id }: HarborProject): Promise<number> {
  const found = (await source.find(`/quotas?reference=project&reference_id=${id}`)) as
    | readonly { hard?: { storage?: number } }[]
    | undefined
  return found?.[0]?.hard?.storage ?? -1
}

async function importMembers(context: HarborImport, path: string, project: string): Promise<void> {
  for await (const item of context.source.walk(`${path}/members`)) {
    const { entity_name, entity_type, entity_id, role_id } = item as Record<string, string | number>
    let body: object
    if (entity_type === 'g') {
      const group = (await context.source.find(`/usergroups/${entity_id}`)) as Record<string, unknown> | undefined
      const { group_name = entity_name, group_type, ldap_group_dn } = group ?? {}
      body = { role_id, member_group: { group_name, group_type, ldap_group_dn } }
    } else body = { role_id, member_user: { username: entity_name } }
    judge(context, 'member', `${project}: ${entity_name}`, await context.own.call('POST', `${path}/members`, body))
  }
}

async function importRetention(context: HarborImport, project: HarborProject, ownId: number): Promise<void> {
  const id = project.metadata?.['retention_id']
  if (id === undefined) return
  const policy = (await context.source.find(`/retentions/${id}`)) as Record<string, unknown> | undefined
  if (policy === undefined) return
  const mine = await context.own.call('GET', `/projects/${encodeURIComponent(project.name)}`)
  const known = (mine.body as HarborProject).metadata?.['retention_id']
  if (known !== undefined) return context.report.find('retention-policy')
  const { algorithm, rules, trigger } = policy
  const scope = { level: 'project', ref: ownId }
  const answer = await context.own.call('POST', '/retentions', { algorithm, rules, trigger, scope })
  judge(context, 'retention-policy', project.name, answer)
}
