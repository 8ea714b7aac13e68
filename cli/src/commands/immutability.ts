import type { RegistryApi, RowOf } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { parseId, patternsOf } from '../names.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'

type Rule = RowOf<'GET /projects/{project_name_or_id}/immutabletagrules'>

const selector = (decoration: string, pattern: string) => ({ kind: 'doublestar', decoration, pattern })

async function getRule(api: RegistryApi, project: string, text: string): Promise<Rule> {
  const id = parseId(text, 'a rule of immutability')
  const { rows } = await api.list(
    'GET /projects/{project_name_or_id}/immutabletagrules',
    { params: { project_name_or_id: project } },
    0,
  )
  const found = rows.find((rule) => rule.id === id)
  if (found !== undefined) return found
  throw new CommandError(`${project} has no rule of immutability ${id}`, {
    next: `see which there are: berth immutability list ${project}`,
    kind: 'not-found',
  })
}

const setDisabled =
  (disabled: boolean) =>
  async (api: RegistryApi, [project = '', text = '']: readonly string[]) => {
    const rule = await getRule(api, project, text)
    await api.call('PUT /projects/{project_name_or_id}/immutabletagrules/{immutable_rule_id}', {
      params: { project_name_or_id: project, immutable_rule_id: rule.id },
      body: { ...rule, disabled },
    })
    return done(`rule ${rule.id} of ${project} is ${disabled ? 'disabled' : 'enabled'}`, { ...rule, disabled })
  }

export const immutabilityCommands: CommandGroup = {
  name: 'immutability',
  description: 'which tags of a project stay where they are',
  commands: [
    listCommand({
      usage: 'list <project>',
      description: 'list the rules of a project',
      example: 'berth immutability list backend',
      operation: 'GET /projects/{project_name_or_id}/immutabletagrules',
      input: ([project = '']) => ({ params: { project_name_or_id: project } }),
      columns: {
        ID: ({ id }) => id,
        TAGS: (rule) => patternsOf(rule.tag_selectors),
        REPOSITORIES: (rule) => patternsOf(rule.scope_selectors['repository']),
        STATE: ({ disabled }) => (disabled ? 'disabled' : 'enabled'),
      },
    }),
    {
      usage: 'create <project>',
      description: 'make tags immutable: they are neither moved nor deleted',
      example: "berth immutability create backend --tags 'v*' --repositories '**'",
      configure: (command) =>
        void command
          .requiredOption('--tags <pattern>', 'tags that are meant')
          .option('--repositories <pattern>', 'repositories that are meant, without the name of the project', '**')
          .option('--except', 'all tags but these'),
      run: async (api, [project = ''], flags) => {
        const { tags, repositories } = flags as { tags: string; repositories: string }
        const { id } = await api.create('POST /projects/{project_name_or_id}/immutabletagrules', {
          params: { project_name_or_id: project },
          body: {
            action: 'immutable',
            template: 'immutable_template',
            tag_selectors: [selector(flags['except'] === true ? 'excludes' : 'matches', tags)],
            scope_selectors: { repository: [selector('repoMatches', repositories)] },
          },
        })
        return done(`rule ${id ?? ''}: ${tags} in ${repositories} of ${project} stay where they are`, {
          id: Number(id),
          project,
          tags,
          repositories,
        })
      },
    },
    {
      usage: 'enable <project> <rule>',
      description: 'switch a rule on',
      example: 'berth immutability enable backend 3',
      run: setDisabled(false),
    },
    {
      usage: 'disable <project> <rule>',
      description: 'switch a rule off, and keep it',
      example: 'berth immutability disable backend 3',
      run: setDisabled(true),
    },
    {
      usage: 'delete <project> <rule>',
      description: 'delete a rule; its tags may move again',
      example: 'berth immutability delete backend 3',
      configure: addConfirmFlag,
      run: async (api, [project = '', text = ''], flags) => {
        const rule = await getRule(api, project, text)
        await confirm(
          `the rule ${rule.id} of ${project} goes from ${api.name}: ${patternsOf(rule.tag_selectors)} may move`,
          flags,
        )
        await api.call('DELETE /projects/{project_name_or_id}/immutabletagrules/{immutable_rule_id}', {
          params: { project_name_or_id: project, immutable_rule_id: rule.id },
        })
        return done(`deleted rule ${rule.id} of ${project}`, { id: rule.id, project })
      },
    },
  ],
}
