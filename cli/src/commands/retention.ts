import type { AnswerOf, RegistryApi } from '../api/registry-api.ts'
import { getProject } from '../api/find-project.ts'
import type { InputOf } from '#web/api/client.ts'
import { CommandError } from '../command-error.ts'
import { addConfirmFlag, addDryRunFlag, confirm, isDryRun } from '../confirm.ts'
import { readDocument } from '../json-file.ts'
import { parseId, patternsOf } from '../names.ts'
import { tableOf } from '../output.ts'
import { addLimitFlag, done, listCommand, type CommandGroup, type Flags } from '../registry-command.ts'
import { addFollowFlag, logsCommand, startedJob } from './job.ts'

type Policy = AnswerOf<'GET /retentions/{id}'>
type PolicyBody = NonNullable<InputOf<'POST /retentions'>['body']>

/** The id of a project's policy stands among its metadata. */
async function findPolicyId(api: RegistryApi, project: string): Promise<number | undefined> {
  const { metadata } = await getProject(api, project)
  const id = Number(metadata['retention_id'] ?? '')
  return id > 0 ? id : undefined
}

async function getPolicyId(api: RegistryApi, project: string): Promise<number> {
  const id = await findPolicyId(api, project)
  if (id !== undefined) return id
  throw new CommandError(`${project} has no retention policy`, {
    next: `give it one: berth retention set ${project} --file policy.json`,
    kind: 'not-found',
  })
}

function presentPolicy(project: string, policy: Policy) {
  const table = tableOf(policy.rules, {
    RULE: ({ id = 0 }) => id,
    KEEPS: ({ template, params }) => [template, ...Object.values(params ?? {})].map(String).join(' '),
    TAGS: (rule) => patternsOf(rule.tag_selectors),
    REPOSITORIES: (rule) => patternsOf(rule.scope_selectors['repository']),
    STATE: ({ disabled }) => (disabled ? 'disabled' : 'enabled'),
  })
  const cron = policy.trigger.settings['cron'] as string
  const heading = `policy ${policy.id} of ${project}: by ${policy.mode}, ${cron ? `runs at ${cron}` : 'runs when it is asked to'}`
  return { text: `${heading}\n${table.text}`, json: policy }
}

export const retentionCommands: CommandGroup = {
  name: 'retention',
  description: 'which tags of a project are kept; all others go',
  commands: [
    {
      usage: 'show <project>',
      description: 'the policy of a project; --output json gives what retention set takes',
      example: 'berth retention show backend -o json > policy.json',
      run: async (api, [project = '']) =>
        presentPolicy(
          project,
          await api.call('GET /retentions/{id}', { params: { id: await getPolicyId(api, project) } }),
        ),
    },
    {
      usage: 'set <project>',
      description:
        'give a project its policy, or another one, from a file of JSON or YAML; look first: retention preview',
      example: 'berth retention set backend --file policy.json',
      configure: (command) => void command.requiredOption('--file <file>', 'the policy; - is standard input'),
      run: async (api, [project = ''], flags) => {
        const { project_id: ref } = await getProject(api, project)
        // A policy that was read from another project is meant for this one.
        const body = { ...(await readPolicy(flags)), scope: { level: 'project', ref } } as PolicyBody
        const before = await findPolicyId(api, project)
        const id =
          before ?? Number((await api.create('POST /retentions', { body })).id ?? (await getPolicyId(api, project)))
        if (before !== undefined) await api.call('PUT /retentions/{id}', { params: { id }, body: { ...body, id } })
        return presentPolicy(project, await api.call('GET /retentions/{id}', { params: { id } }))
      },
    },
    {
      usage: 'delete <project>',
      description: 'take its policy from a project: nothing goes any more',
      example: 'berth retention delete backend',
      configure: addConfirmFlag,
      run: async (api, [project = ''], flags) => {
        const id = await getPolicyId(api, project)
        await confirm(`the retention policy of ${project} goes from ${api.name}, and its runs stop`, flags)
        await api.call('DELETE /retentions/{id}', { params: { id } })
        return done(`${project} has no retention policy any more`, { project, id })
      },
    },
    {
      usage: 'preview <project>',
      description: 'what the policy of a project, or of a file, would keep and remove, and why; nothing is changed',
      example: 'berth retention preview backend --file policy.json --removed',
      configure: (command) => {
        command
          .option('--file <file>', 'a policy that is not saved; - is standard input')
          .option('--repository <name>', 'only this one, without the name of the project')
          .option('--removed', 'only what would go')
        addLimitFlag(command)
      },
      run: async (api, [project = ''], flags) => {
        const body = (
          flags['file'] === undefined
            ? await api.call('GET /retentions/{id}', { params: { id: await getPolicyId(api, project) } })
            : await readPolicy(flags)
        ) as PolicyBody
        const { items, more } = await previewAll(api, project, body, flags)
        return tableOf(
          items,
          {
            '': ({ retained }) => (retained ? 'keep' : 'REMOVE'),
            REPOSITORY: ({ repository }) => repository,
            TAG: ({ tag }) => tag ?? '(none)',
            WHY: ({ reason }) => reason,
            '*DIGEST': ({ digest }) => digest,
            '*PUSHED': (item) => item.push_time,
          },
          more,
        )
      },
    },
    {
      usage: 'run <project>',
      description: 'run the policy of a project now; with --dry-run only say what would go',
      example: 'berth retention run backend --dry-run -f',
      configure: (command) => {
        addDryRunFlag(command)
        addFollowFlag(command)
        addConfirmFlag(command)
      },
      run: async (api, [project = ''], flags) => {
        const id = await getPolicyId(api, project)
        const dryRun = isDryRun(flags)
        if (!dryRun)
          await confirm(`what the policy of ${project} does not keep goes from ${api.name}, into the trash`, flags)
        const { id: run } = await api.create('POST /retentions/{id}/executions', {
          params: { id },
          body: { dry_run: dryRun },
        })
        return await startedJob(api, run, dryRun ? `looking at ${project}` : `retention of ${project}`, flags)
      },
    },
    listCommand({
      usage: 'runs <project>',
      description: 'list the runs of the policy of a project, the newest first',
      example: 'berth retention runs backend',
      operation: 'GET /retentions/{id}/executions',
      input: async ([project = ''], _flags, api) => ({ params: { id: await getPolicyId(api, project) } }),
      columns: {
        RUN: ({ id }) => id,
        STATUS: ({ status }) => status,
        'DRY RUN': (run) => (run.dry_run ? 'yes' : ''),
        BY: ({ trigger }) => trigger,
        STARTED: (run) => run.start_time,
        ENDED: (run) => run.end_time,
      },
    }),
    listCommand({
      usage: 'tasks <project> <run>',
      description: 'the parts of a run, one for each repository; the log of one: berth job logs <task>',
      example: 'berth retention tasks backend 42',
      operation: 'GET /retentions/{id}/executions/{eid}/tasks',
      input: async ([project = '', run = ''], _flags, api) => ({
        params: { id: await getPolicyId(api, project), eid: parseId(run, 'a run of retention') },
      }),
      columns: {
        TASK: ({ id }) => id,
        REPOSITORY: ({ repository }) => repository,
        STATUS: ({ status }) => status,
        TOTAL: ({ total }) => total,
        KEPT: ({ retained }) => retained,
      },
    }),
    logsCommand('a task of retention', {
      usage: 'logs <task>',
      description: 'what was decided about each tag of a repository, and why',
      example: 'berth retention logs 43',
    }),
    {
      usage: 'stop <project> <run>',
      description: 'stop a run; what it has removed stays removed',
      example: 'berth retention stop backend 42',
      run: async (api, [project = '', run = '']) => {
        const eid = parseId(run, 'a run of retention')
        await api.call('PATCH /retentions/{id}/executions/{eid}', {
          params: { id: await getPolicyId(api, project), eid },
          body: { action: 'stop' },
        })
        return done(`run ${eid} is asked to stop`, { id: eid })
      },
    },
  ],
}

async function readPolicy(flags: Flags): Promise<object> {
  const policy = await readDocument(flags['file'] as string)
  if (typeof policy === 'object' && policy !== null && !Array.isArray(policy)) return policy
  throw new CommandError(`${String(flags['file'])} holds no policy`, {
    next: 'a policy is an object with rules: berth retention show <project> -o json prints one',
    kind: 'usage',
  })
}

async function previewAll(api: RegistryApi, project: string, body: PolicyBody, flags: Flags) {
  const limit = flags['limit'] as number
  const items: AnswerOf<'POST /projects/{project_name_or_id}/retention/preview'>['items'][number][] = []
  for (let next: string | undefined, isFirst = true; isFirst || next !== undefined; isFirst = false) {
    const page = await api.call('POST /projects/{project_name_or_id}/retention/preview', {
      params: { project_name_or_id: project },
      query: {
        repository: flags['repository'] as string | undefined,
        removed_only: flags['removed'] === true ? 'true' : undefined,
        page_size: 1_000,
        next,
      },
      body,
    })
    items.push(...page.items)
    next = page.next
    if (limit > 0 && (items.length > limit || (items.length === limit && next !== undefined)))
      return { items: items.slice(0, limit), more: true }
  }
  return { items, more: false }
}
