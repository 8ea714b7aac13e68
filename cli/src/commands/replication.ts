import { Option } from 'commander'
import type { AnswerOf, RegistryApi, RowOf } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { parseId } from '../names.ts'
import { done, listCommand, parseCount, type CommandGroup, type Flags } from '../registry-command.ts'
import { tableOf } from '../output.ts'
import { getRegistry } from './registry.ts'

type Rule = RowOf<'GET /replication/policies'>
type Report = AnswerOf<'GET /replication/executions/{id}/report'>

/** By its name, or by its id. */
async function getRule(api: RegistryApi, text: string): Promise<Rule> {
  const { rows } = await api.list('GET /replication/policies', { query: { name: text } }, 0)
  const named = rows.find(({ name }) => name === text)
  if (named !== undefined) return named
  if (/^[1-9]\d{0,14}$/.test(text))
    return await api.call('GET /replication/policies/{id}', { params: { id: Number(text) } })
  throw new CommandError(`there is no replication rule ${text}`, {
    next: 'see which there are: berth replication list',
    kind: 'not-found',
  })
}

const setEnabled =
  (enabled: boolean) =>
  async (api: RegistryApi, [text = '']: readonly string[]) => {
    const rule = await getRule(api, text)
    await api.call('PUT /replication/policies/{id}', { params: { id: rule.id }, body: { ...rule, enabled } })
    return done(`rule ${rule.name} is ${enabled ? 'enabled' : 'disabled'}`, { ...rule, enabled })
  }

const start =
  (mode: 'copy' | 'dry-run' | 'verify') =>
  async (api: RegistryApi, [text = '']: readonly string[]) => {
    const rule = await getRule(api, text)
    const { id } = await api.create('POST /replication/executions', { body: { policy_id: rule.id, mode } })
    const next = mode === 'copy' ? `berth replication tasks ${id}` : `berth replication report ${id}`
    return done(`run ${id} of ${rule.name} has started; see how it goes: ${next}`, { id: Number(id), mode })
  }

const decide =
  (action: 'continue' | 'drop') =>
  async (api: RegistryApi, [text = '']: readonly string[], flags: Flags) => {
    const { id, name } = await getRule(api, text)
    if (action === 'continue')
      await confirm(
        `what was deleted here is deleted at the destination of ${name}, and for an hour nothing asks`,
        flags,
      )
    const { tasks } = await api.call('POST /replication/policies/{id}/deletions', { params: { id }, body: { action } })
    return done(`${tasks} deletions of ${name} ${action === 'continue' ? 'go on' : 'are dropped'}`, { id, tasks })
  }

interface RuleFlags {
  readonly to?: string
  readonly from?: string
  readonly repositories?: string
  readonly tags?: string
  readonly label?: readonly string[]
  readonly namespace?: string
  readonly replace: string
  readonly trigger: string
  readonly cron?: string
  readonly deletion?: boolean
  readonly override: boolean
  readonly speed: number
}

async function bodyOf(api: RegistryApi, name: string, flags: RuleFlags) {
  const { to, from, repositories, tags, label, namespace, replace, trigger, cron, deletion, override, speed } = flags
  if ((to === undefined) === (from === undefined)) {
    throw new CommandError('a rule pushes to a registry or pulls from one', {
      next: 'give one of --to and --from with the name of a registry: berth registry list',
      kind: 'usage',
    })
  }
  const registry = { id: (await getRegistry(api, to ?? from ?? '')).id }
  return {
    ...{ name, enabled: true, override, deletion: deletion ?? false, speed, copy_by_chunk: true },
    ...(to === undefined ? { src_registry: registry } : { dest_registry: registry }),
    dest_namespace: namespace,
    dest_namespace_replace_count: Number(replace),
    trigger: { type: trigger, ...(cron === undefined ? {} : { trigger_settings: { cron } }) },
    filters: [
      ...(repositories === undefined ? [] : [{ type: 'name', value: repositories }]),
      ...(tags === undefined ? [] : [{ type: 'tag', value: tags }]),
      ...(label === undefined ? [] : [{ type: 'label', value: [...label] }]),
    ],
  }
}

/** `this registry → shanghai`. */
const wayOf = ({ src_registry: from, dest_registry: to }: Rule): string =>
  to.id === 0 ? `${from.name} → here` : `here → ${to.name}`

export const replicationCommands: CommandGroup = {
  name: 'replication',
  aliases: ['replications'],
  description: 'rules that bring images from one registry to another',
  commands: [
    listCommand({
      usage: 'list',
      description: 'list the rules, the newest first, and how far each is behind',
      example: 'berth replication list',
      operation: 'GET /replication/policies',
      columns: {
        ID: ({ id }) => id,
        NAME: ({ name }) => name,
        WAY: wayOf,
        TRIGGER: ({ trigger }) => trigger.type,
        STATE: ({ enabled, held_since: held }) =>
          held !== undefined ? 'deletions wait' : enabled === true ? 'enabled' : 'disabled',
        'BEHIND (S)': ({ lag_seconds: seconds }) => (seconds === undefined ? '' : Math.round(seconds)),
        '*BEHIND (BYTES)': ({ lag_bytes: bytes }) => bytes,
      },
    }),
    {
      usage: 'create <name>',
      description: 'make a rule that pushes to a registry, or pulls from one',
      example: 'berth replication create to-shanghai --to shanghai --repositories "team/**" --trigger event_based',
      configure: (command) =>
        void command
          .option('--to <registry>', 'push to this remote registry')
          .option('--from <registry>', 'pull from this remote registry')
          .option('--repositories <pattern>', 'only these, by their whole name')
          .option('--tags <pattern>', 'only these')
          .option('--label <name...>', 'only what has all of them')
          .option('--namespace <name>', 'where they go at the destination')
          .addOption(
            new Option('--replace <count>', 'how many parts of a name the namespace replaces; -1: all but the last')
              .choices(['-1', '0', '1', '2', '3'])
              .default('-1'),
          )
          .addOption(
            new Option('--trigger <trigger>', 'when it runs')
              .choices(['manual', 'scheduled', 'event_based'])
              .default('manual'),
          )
          .option('--cron <expression>', 'of a schedule: six fields in UTC, the first is 0')
          .option('--deletion', 'delete at the destination what is deleted here')
          .option('--no-override', 'keep tags that the destination has with another digest')
          .option('--speed <kilobits>', 'kilobits per second at the most; 0 is as fast as possible', parseCount, 0),
      run: async (api, [name = ''], flags) => {
        const body = await bodyOf(api, name, flags as unknown as RuleFlags)
        const { id } = await api.create('POST /replication/policies', { body })
        return done(`created rule ${name}; look what it would do: berth replication preview ${name}`, {
          id: Number(id),
        })
      },
    },
    {
      usage: 'run <rule>',
      description: 'run a rule now, by its name or id',
      example: 'berth replication run to-shanghai',
      run: start('copy'),
    },
    {
      usage: 'preview <rule>',
      description: 'look what a run would bring over; nothing is changed',
      example: 'berth replication preview to-shanghai',
      run: start('dry-run'),
    },
    {
      usage: 'compare <rule>',
      description: 'compare both sides by digest; the run fails where they differ',
      example: 'berth replication compare to-shanghai',
      run: start('verify'),
    },
    listCommand({
      usage: 'runs <rule>',
      description: 'list the runs of a rule, the newest first',
      example: 'berth replication runs to-shanghai',
      operation: 'GET /replication/executions',
      input: async ([text = ''], _flags, api) => ({ query: { policy_id: (await getRule(api, text)).id } }),
      columns: {
        RUN: ({ id }) => id,
        MODE: ({ mode }) => mode,
        STATUS: ({ status }) => status,
        BY: ({ trigger }) => trigger,
        TASKS: (run) => run.total,
        FAILED: (run) => run.failed,
        STARTED: (run) => run.start_time,
        '*NOTE': (run) => run.status_text,
      },
    }),
    listCommand({
      usage: 'tasks <run>',
      description: 'the parts of a run, one for each repository',
      example: 'berth replication tasks 42',
      operation: 'GET /replication/executions/{id}/tasks',
      input: ([run = '']) => ({ params: { id: parseId(run, 'a run of replication') } }),
      columns: {
        TASK: ({ id }) => id,
        DOES: ({ operation }) => operation,
        SOURCE: (task) => task.src_resource,
        STATUS: ({ status }) => status,
        SENT: (task) => task.sent_bytes,
        '*ERROR': ({ error }) => error,
      },
    }),
    {
      usage: 'logs <run> <task>',
      description: 'what a task did',
      example: 'berth replication logs 42 7',
      run: async (api, [run = '', task = '']) => {
        const params = { id: parseId(run, 'a run of replication'), task_id: parseId(task, 'a task of replication') }
        const log = await api.text('GET /replication/executions/{id}/tasks/{task_id}/log', { params })
        return done(log === '' ? 'nothing has been logged yet' : log.trimEnd(), { ...params, log })
      },
    },
    {
      usage: 'report <run>',
      description: 'what a preview or a comparison found',
      example: 'berth replication report 42',
      run: async (api, [run = '']) => {
        const id = parseId(run, 'a run of replication')
        const report: Report | null | undefined = await api.call('GET /replication/executions/{id}/report', {
          params: { id },
        })
        if (report === undefined || report === null) return done('the comparison is not done yet', { id })
        const { same, missing, different, extra, refused, repositories } = report
        const table = tableOf(repositories, {
          REPOSITORY: ({ source }) => source,
          MISSING: (each) => each.missing.join(' '),
          DIFFERENT: (each) => each.different.join(' '),
          'ONLY THERE': (each) => each.extra.join(' '),
          WHY: ({ why }) => why,
        })
        const counts = `${same} the same, ${missing} missing there, ${different} different, ${extra} only there, ${refused} left out`
        return { text: repositories.length === 0 ? counts : `${counts}\n${table.text}`, json: report }
      },
    },
    {
      usage: 'stop <run>',
      description: 'stop a run; what it has brought over stays',
      example: 'berth replication stop 42',
      run: async (api, [run = '']) => {
        const id = parseId(run, 'a run of replication')
        await api.call('PUT /replication/executions/{id}', { params: { id } })
        return done(`run ${id} is asked to stop`, { id })
      },
    },
    {
      usage: 'enable <rule>',
      description: 'switch a rule on',
      example: 'berth replication enable to-shanghai',
      run: setEnabled(true),
    },
    {
      usage: 'disable <rule>',
      description: 'switch a rule off, and keep it',
      example: 'berth replication disable to-shanghai',
      run: setEnabled(false),
    },
    {
      usage: 'continue <rule>',
      description: 'let deletions that wait go on',
      example: 'berth replication continue to-shanghai',
      configure: addConfirmFlag,
      run: decide('continue'),
    },
    {
      usage: 'drop <rule>',
      description: 'drop deletions that wait: the destination keeps everything',
      example: 'berth replication drop to-shanghai',
      run: decide('drop'),
    },
    {
      usage: 'delete <rule>',
      description: 'delete a rule with its runs; what it brought over stays',
      example: 'berth replication delete to-shanghai',
      configure: addConfirmFlag,
      run: async (api, [text = ''], flags) => {
        const { id, name } = await getRule(api, text)
        await confirm(`the rule ${name} goes from ${api.name}, with its runs`, flags)
        await api.call('DELETE /replication/policies/{id}', { params: { id } })
        return done(`deleted rule ${name}`, { id })
      },
    },
  ],
}
