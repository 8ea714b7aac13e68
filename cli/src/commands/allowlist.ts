import type { Command } from 'commander'
import { getProject } from '../api/find-project.ts'
import type { RegistryApi } from '../api/registry-api.ts'
import { factsOf, type Outcome } from '../output.ts'
import { done, type CommandGroup } from '../registry-command.ts'

const addProjectFlag = (command: Command): void =>
  void command.option('--project <project>', 'the own list of this project; left out: the list of the registry')

const projectOf = (flags: Readonly<Record<string, unknown>>) => flags['project'] as string | undefined

export const allowlistCommands: CommandGroup = {
  name: 'allowlist',
  description: 'vulnerabilities that are accepted: in the registry, or in one project',
  commands: [
    {
      usage: 'show',
      description: 'what the list accepts, and until when',
      example: 'berth allowlist show --project library',
      configure: addProjectFlag,
      run: async (api, _args, flags) => await presentList(api, projectOf(flags)),
    },
    {
      usage: 'add <cve...>',
      description: 'accept vulnerabilities, by the ids that findings show; those that others add at the same time stay',
      example: 'berth allowlist add CVE-2026-0001 CVE-2026-0002 --project library',
      configure: addProjectFlag,
      run: async (api, ids, flags) => {
        const { length } = await change(api, projectOf(flags), { add: [...ids] })
        return done(`${ids.join(', ')}: accepted ${whereOf(flags)} (${length} on the list)`, { added: ids, length })
      },
    },
    {
      usage: 'remove <cve...>',
      description: 'accept vulnerabilities no more',
      example: 'berth allowlist remove CVE-2026-0001 --project library',
      configure: addProjectFlag,
      run: async (api, ids, flags) => {
        const { length } = await change(api, projectOf(flags), { remove: [...ids] })
        return done(`${ids.join(', ')}: accepted no more ${whereOf(flags)} (${length} on the list)`, {
          removed: ids,
          length,
        })
      },
    },
  ],
}

const whereOf = (flags: Readonly<Record<string, unknown>>): string => {
  const project = projectOf(flags)
  return project === undefined ? 'by the registry' : `in ${project}`
}

async function change(
  api: RegistryApi,
  project: string | undefined,
  body: { readonly add?: string[]; readonly remove?: string[] },
): Promise<{ readonly length: number }> {
  const { items } =
    project === undefined
      ? await api.call('PATCH /system/cve-allowlist', { body })
      : await api.call('PATCH /projects/{project_name_or_id}/cve-allowlist', {
          params: { project_name_or_id: project },
          body,
        })
  return items
}

async function presentList(api: RegistryApi, project: string | undefined): Promise<Outcome> {
  if (project === undefined) return presentItems(await api.call('GET /system/CVEAllowlist'), 'the registry')
  const { cve_allowlist: list, metadata } = await getProject(api, project)
  const isShared = metadata.reuse_sys_cve_allowlist !== 'false'
  return presentItems(
    list ?? {},
    isShared ? 'the registry: this list counts for nothing until reuse_sys_cve_allowlist=false' : project,
  )
}

interface List {
  readonly items?: readonly { readonly cve_id: string }[] | null | undefined
  readonly expires_at?: number | null | undefined
}

function presentItems(list: List, counts: string): Outcome {
  const { items, expires_at: seconds } = list
  return factsOf(
    [
      ['list that counts', counts],
      ['until', seconds === undefined || seconds === null ? 'for ever' : new Date(seconds * 1_000).toISOString()],
      ['accepted', (items ?? []).map(({ cve_id: id }) => id).join(', ') || 'nothing'],
    ],
    list,
  )
}
