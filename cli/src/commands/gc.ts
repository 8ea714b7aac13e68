import type { Command } from 'commander'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import type { RowOf } from '../api/registry-api.ts'
import { addConfirmFlag, addDryRunFlag, confirm, isDryRun } from '../confirm.ts'
import { parseNumber } from '../flag-values.ts'
import { formatBytes } from '../format-bytes.ts'
import { listCommand, type CommandGroup } from '../registry-command.ts'
import { addFollowFlag, startedJob } from './job.ts'
import { runCommands } from './run-commands.ts'

type Run = RowOf<'GET /system/gc'>

interface Parameters {
  readonly dry_run?: boolean
  readonly delete_untagged?: boolean
  readonly freed_space?: number
  readonly purged_blobs?: number
  readonly purged_manifests?: number
}
const parametersOf = ({ job_parameters: text }: Pick<Run, 'job_parameters'>): Parameters =>
  parseForeignJson(text, budgets.remoteAnswer) as Parameters

function addUntaggedFlag(command: Command): void {
  command.option('--delete-untagged', 'also artifacts that no tag, index or subject holds')
}

export const gcCommands: CommandGroup = {
  name: 'gc',
  aliases: ['garbage-collection'],
  description: 'garbage collection; it also goes on all the time, beside these runs',
  commands: [
    {
      usage: 'run',
      description: 'collect garbage now, without the grace period; with --dry-run only say what would go',
      example: 'berth gc run --dry-run -f',
      configure: (command) => {
        addDryRunFlag(command)
        addUntaggedFlag(command)
        command.option('--parallel <number>', 'parts that go on at once', parseNumber, 1)
        addFollowFlag(command)
        addConfirmFlag(command)
      },
      run: async (api, _args, flags) => {
        const dryRun = isDryRun(flags)
        const untagged = flags['deleteUntagged'] === true
        if (untagged && !dryRun) await confirm(`artifacts without a tag go from every project of ${api.name}`, flags)
        const parameters = { dry_run: dryRun, delete_untagged: untagged, workers: flags['parallel'] }
        const { id } = await api.create('POST /system/gc/schedule', {
          body: { schedule: { type: 'Manual' }, parameters },
        })
        return await startedJob(api, id, dryRun ? 'looking for garbage' : 'collecting garbage', flags)
      },
    },
    listCommand({
      usage: 'list',
      description: 'list the runs, the newest first',
      example: 'berth gc list',
      operation: 'GET /system/gc',
      columns: {
        ID: ({ id }) => id,
        STATUS: (run) => run.job_status,
        BY: ({ schedule }) => schedule?.type,
        'DRY RUN': (run) => (parametersOf(run).dry_run === true ? 'yes' : ''),
        FREED: (run) => {
          const freed = parametersOf(run).freed_space
          return freed === undefined ? '' : formatBytes(freed)
        },
        BLOBS: (run) => parametersOf(run).purged_blobs,
        MANIFESTS: (run) => parametersOf(run).purged_manifests,
        CREATED: (run) => run.creation_time,
      },
    }),
    ...runCommands('gc', 'garbage collection', {
      stop: (api, id) => api.call('PUT /system/gc/{gc_id}', { params: { gc_id: id } }),
      schedule: (api) => api.call('GET /system/gc/schedule'),
      setSchedule: (api, body) => api.call('PUT /system/gc/schedule', { body }),
      configure: addUntaggedFlag,
      parametersOf: (flags) => (flags['deleteUntagged'] === true ? { delete_untagged: true } : {}),
    }),
  ],
}
