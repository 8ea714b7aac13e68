import type { AnswerOf, RegistryApi } from '../api/registry-api.ts'
import type { InputOf } from '#web/api/client.ts'
import { CommandError } from '../command-error.ts'
import { parseEnd } from '../parse-end.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { readDocument } from '../json-file.ts'
import { parseId } from '../names.ts'
import { tableOf } from '../output.ts'
import { done, type CommandGroup } from '../registry-command.ts'

type Policy = AnswerOf<'GET /projects/{project_name_or_id}/policies'>[number]
type PolicyBody = NonNullable<InputOf<'POST /projects/{project_name_or_id}/policies'>['body']>
type Held = AnswerOf<'POST /projects/{project_name_or_id}/policies/evaluate'>['held'][number]

const inProject = (project: string) => ({ params: { project_name_or_id: project } })
const where = (project: string | undefined): string => (project === undefined ? 'every project' : `project ${project}`)

const listPolicies = async (api: RegistryApi, project: string | undefined): Promise<readonly Policy[]> =>
  project === undefined
    ? await api.call('GET /system/policies', {})
    : await api.call('GET /projects/{project_name_or_id}/policies', inProject(project))

async function findByName(api: RegistryApi, project: string | undefined, name: string): Promise<Policy> {
  const found = (await listPolicies(api, project)).find((policy) => policy.name === name)
  if (found !== undefined) return found
  throw new CommandError(`there is no policy ${name} in ${where(project)}`, {
    next: `see which there are: berth policy list ${project ?? ''}`.trim(),
    kind: 'not-found',
  })
}

const conditionOf = ({ kind, ...rest }: Policy['condition']): string =>
  [kind, ...Object.entries(rest).map(([key, value]) => `${key}=${[value].flat().join(',')}`)].join(' ')

/** Page after page, until all was judged; without a project, what every project has. */
async function evaluate(api: RegistryApi, project: string | undefined, draft: PolicyBody | undefined) {
  const held: Held[] = []
  let judged = 0
  for (let after: number | undefined = 0; after !== undefined;) {
    const body: { after: number; draft?: PolicyBody } = { after, ...(draft === undefined ? {} : { draft }) }
    const page: AnswerOf<'POST /system/policies/evaluate'> =
      project === undefined
        ? await api.call('POST /system/policies/evaluate', { body })
        : await api.call('POST /projects/{project_name_or_id}/policies/evaluate', { ...inProject(project), body })
    held.push(...page.held)
    judged += page.judged
    after = page.next
  }
  return { judged, held }
}

export const policyCommands: CommandGroup = {
  name: 'policy',
  aliases: ['policies'],
  description: 'what must be true of what is pulled',
  commands: [
    {
      usage: 'list [project]',
      description: 'list the policies of a project, or those of the registry',
      example: 'berth policy list backend',
      run: async (api, [project]) =>
        tableOf(await listPolicies(api, project), {
          ID: ({ id }) => id,
          NAME: ({ name }) => name,
          MODE: ({ mode }) => mode,
          ASKS: ({ condition }) => conditionOf(condition),
          REPOSITORIES: ({ repositories }) => repositories,
          TAGS: ({ tags }) => tags,
          '*WRITTEN BY': ({ username }) => username,
        }),
    },
    {
      usage: 'set [project]',
      description:
        'add a policy from a file of JSON or YAML, or put it in the place of the one of its name; look first: policy evaluate',
      example: 'berth policy set backend --file no-exploited.yml',
      configure: (command) => void command.requiredOption('--file <file>', 'the policy; - is standard input'),
      run: async (api, [project], flags) => {
        const body = (await readDocument(String(flags['file']))) as PolicyBody
        const before = (await listPolicies(api, project)).find(({ name }) => name === body.name)
        if (before === undefined) {
          await (project === undefined
            ? api.create('POST /system/policies', { body })
            : api.create('POST /projects/{project_name_or_id}/policies', { ...inProject(project), body }))
        } else {
          const params = { policy_id: before.id }
          await (project === undefined
            ? api.call('PUT /system/policies/{policy_id}', { params, body })
            : api.call('PUT /projects/{project_name_or_id}/policies/{policy_id}', {
                params: { ...params, project_name_or_id: project },
                body,
              }))
        }
        return done(`policy ${body.name} (${body.mode}) holds in ${where(project)}`, body)
      },
    },
    {
      usage: 'delete <name> [project]',
      description: 'take a policy away',
      example: 'berth policy delete no-exploited backend',
      configure: addConfirmFlag,
      run: async (api, [name = '', project], flags) => {
        const { id } = await findByName(api, project, name)
        await confirm(`the policy ${name} holds nothing back any more in ${where(project)}`, flags)
        const params = { policy_id: id }
        await (project === undefined
          ? api.call('DELETE /system/policies/{policy_id}', { params })
          : api.call('DELETE /projects/{project_name_or_id}/policies/{policy_id}', {
              params: { ...params, project_name_or_id: project },
            }))
        return done(`policy ${name} is gone from ${where(project)}`, { id, name })
      },
    },
    {
      usage: 'evaluate [project]',
      description:
        'what would be held back now, in a project or anywhere, and why; with a file, by that policy alone, before it is set',
      example: 'berth policy evaluate backend --file no-exploited.yml',
      configure: (command) => void command.option('--file <file>', 'a policy that is not set; - is standard input'),
      run: async (api, [project], flags) => {
        const file = flags['file'] as string | undefined
        const draft = file === undefined ? undefined : ((await readDocument(file)) as PolicyBody)
        const found = await evaluate(api, project, draft)
        const rows = found.held.flatMap(({ violations, ...artifact }) =>
          violations.map((each) => ({ ...artifact, ...each })),
        )
        const table = tableOf(rows, {
          ARTIFACT: ({ repository, digest, tags }) => `${repository}${tags.length > 0 ? `:${tags[0]}` : `@${digest}`}`,
          POLICY: ({ policy }) => policy,
          MODE: ({ mode }) => mode,
          WHY: ({ message }) => message,
        })
        const summary = `${found.held.length} of ${found.judged} would be held back or warned of`
        return { text: rows.length === 0 ? summary : `${table.text}\n${summary}`, json: found }
      },
    },
    {
      usage: 'exempt [project]',
      description: 'let something pass for a time, in a project or by the registry, with a reason',
      example:
        'berth policy exempt backend --vulnerability CVE-2026-1234 --until 2027-01-31 --reason "mended next month"',
      configure: (command) =>
        void command
          .requiredOption('--reason <text>', 'why; it stands in the audit log')
          .requiredOption('--until <date>', 'when it ends: 2027-01-31, or with a time')
          .option('--policy <name>', 'from this policy alone', '')
          .option('--repositories <pattern>', 'in these repositories', '**')
          .option('--digest <digest>', 'for this artifact')
          .option('--vulnerability <id>', 'from this vulnerability alone'),
      run: async (api, [project], flags) => {
        const { until, ...rest } = flags as { until: string; reason: string; policy: string; repositories: string }
        const { reason, policy, repositories, digest, vulnerability } = rest as typeof rest & Record<string, string>
        const body = {
          ...{ reason, policy, repositories, expires_at: parseEnd(until) },
          ...(digest === undefined ? {} : { digest }),
          ...(vulnerability === undefined ? {} : { vulnerability }),
        }
        const { id } = await (project === undefined
          ? api.create('POST /system/policy-exemptions', { body })
          : api.create('POST /projects/{project_name_or_id}/policy-exemptions', { ...inProject(project), body }))
        return done(`exemption ${id ?? ''} until ${body.expires_at} in ${where(project)}`, { id: Number(id), ...body })
      },
    },
    {
      usage: 'exemptions [project]',
      description: 'list what passes for a time, who answers for it and until when',
      example: 'berth policy exemptions backend',
      run: async (api, [project]) =>
        tableOf(
          project === undefined
            ? await api.call('GET /system/policy-exemptions', {})
            : await api.call('GET /projects/{project_name_or_id}/policy-exemptions', inProject(project)),
          {
            ID: ({ id }) => id,
            POLICY: ({ policy }) => policy || 'all',
            FOR: ({ repositories, digest, vulnerability }) => vulnerability ?? digest ?? repositories,
            UNTIL: ({ expires_at: end }) => end,
            BY: ({ username }) => username,
            REASON: ({ reason }) => reason,
          },
        ),
    },
    {
      usage: 'end-exemption <exemption> [project]',
      description: 'end an exemption, by its id, at once',
      example: 'berth policy end-exemption 3 backend',
      run: async (api, [text = '', project]) => {
        const params = { exemption_id: parseId(text, 'an exemption') }
        await (project === undefined
          ? api.call('DELETE /system/policy-exemptions/{exemption_id}', { params })
          : api.call('DELETE /projects/{project_name_or_id}/policy-exemptions/{exemption_id}', {
              params: { ...params, project_name_or_id: project },
            }))
        return done(`exemption ${text} has ended in ${where(project)}`, { id: params.exemption_id })
      },
    },
  ],
}
