import { CommandError } from '../command-error.ts'
import { addConfirmFlag, addDryRunFlag, confirm, isDryRun } from '../confirm.ts'
import { parseNumber } from '../flag-values.ts'
import { tableOf } from '../output.ts'
import { addLimitFlag, type CommandGroup } from '../registry-command.ts'
import { addFollowFlag, startedJob } from './job.ts'
import { auditChainCommands } from './audit-chain.ts'
import { runCommands } from './run-commands.ts'

export const auditCommands: CommandGroup = {
  name: 'audit',
  description: 'who did what, and when',
  commands: [
    {
      usage: 'list [project]',
      description: 'list audit records, the newest first: of a project, or all that you may read',
      example:
        "berth audit list --user ada --operation delete --since 24h\n  berth audit list --query 'op_time=[2026-11-01 00:00:00~2026-11-30 00:00:00]'",
      configure: (command) => {
        command
          .option('--user <name>', 'only by this one')
          .option('--operation <name>', 'only these: create, delete, pull, login …')
          .option('--type <name>', 'only about these: artifact, tag, project, robot …')
          .option('--resource <text>', 'only about what has this in its name')
          .option('--since <time>', 'only after it: 24h, 7d, or 2026-11-30T12:00:00Z')
          .option('--query <q>', "more of Harbor's filter: k=v,k=~v,k=[a~b]")
        addLimitFlag(command, 100)
      },
      run: async (api, [project], flags) => {
        const query = { q: queryOf(flags) }
        const limit = flags['limit'] as number
        const { rows, more } =
          project === undefined
            ? await api.list('GET /auditlog-exts', { query }, limit)
            : await api.list(
                'GET /projects/{project_name}/auditlog-exts',
                { params: { project_name: project }, query },
                limit,
              )
        return tableOf(
          rows,
          {
            TIME: (record) => record.op_time,
            WHO: ({ username }) => username,
            DID: ({ operation }) => operation,
            TYPE: (record) => record.resource_type,
            WHAT: ({ resource }) => resource,
            RESULT: (record) => (record.operation_result ? '' : 'FAILED'),
            '*FROM': (record) => record.client_address,
            '*DESCRIPTION': (record) => record.operation_description,
            '*ID': ({ id }) => id,
          },
          more,
        )
      },
    },
    {
      usage: 'purge',
      description: 'delete old audit records now; with --dry-run only count them',
      example: 'berth audit purge --keep 2160 --events create_artifact,pull_artifact --dry-run -f',
      configure: (command) => {
        command
          .requiredOption('--keep <hours>', 'records younger than this stay', parseNumber)
          .requiredOption('--events <types>', 'which ones go, separated by commas: pull_artifact,create_artifact')
        addDryRunFlag(command, 'only count them')
        addFollowFlag(command)
        addConfirmFlag(command)
      },
      run: async (api, _args, flags) => {
        const { keep, events } = flags as { keep: number; events: string }
        const dryRun = isDryRun(flags)
        if (!dryRun)
          await confirm(`audit records older than ${keep} hours go for good from ${api.name} (${events})`, flags)
        const { id } = await api.create('POST /system/purgeaudit/schedule', {
          body: {
            schedule: { type: 'Manual' },
            parameters: { audit_retention_hour: keep, include_event_types: events, dry_run: dryRun },
          },
        })
        return await startedJob(api, id, dryRun ? 'counting audit records' : 'purging the audit log', flags)
      },
    },
    ...auditChainCommands,
    ...runCommands('audit', 'the purge of the audit log', {
      stop: (api, id) => api.call('PUT /system/purgeaudit/{purge_id}', { params: { purge_id: id } }),
      schedule: (api) => api.call('GET /system/purgeaudit/schedule'),
      setSchedule: (api, body) => api.call('PUT /system/purgeaudit/schedule', { body }),
      configure: (command) =>
        void command
          .option('--keep <hours>', 'records younger than this stay', parseNumber)
          .option('--events <types>', 'which ones go, separated by commas: pull_artifact,create_artifact'),
      parametersOf: ({ keep, events }) => ({
        ...(keep === undefined ? {} : { audit_retention_hour: keep }),
        ...(events === undefined ? {} : { include_event_types: events }),
      }),
    }),
  ],
}

function queryOf(flags: Readonly<Record<string, unknown>>): string | undefined {
  const { user, operation, type, resource, since, query } = flags as Readonly<Record<string, string | undefined>>
  const conditions = [
    user === undefined ? '' : `username=${user}`,
    operation === undefined ? '' : `operation=${operation}`,
    type === undefined ? '' : `resource_type=${type}`,
    resource === undefined ? '' : `resource=~${resource}`,
    since === undefined ? '' : `op_time=[${harborTime(parseMoment(since))}~]`,
    query ?? '',
  ].filter(Boolean)
  return conditions.length === 0 ? undefined : conditions.join(',')
}

const harborTime = (moment: Date): string => moment.toISOString().slice(0, 19).replace('T', ' ')

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `24h` before now, or a time. @throws CommandError */
function parseMoment(text: string): Date {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  if (count !== undefined) return new Date(Date.now() - Number(count) * unitMs[unit]!)
  const moment = new Date(text)
  if (!Number.isNaN(moment.getTime())) return moment
  throw new CommandError(`${JSON.stringify(text)} is no time`, {
    next: '24h, 7d, or 2026-11-30T12:00:00Z',
    kind: 'usage',
  })
}
