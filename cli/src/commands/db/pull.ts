import type { Command } from 'commander'
import type { RegistryApi } from '../../api/registry-api.ts'
import { CommandError } from '../../command-error.ts'
import { factsOf } from '../../output.ts'
import type { Flags, RegistryCommand } from '../../registry-command.ts'
import { addFollowFlag, parseScheduleArgument, startedJob } from '../job.ts'
import { getRegistry } from '../registry.ts'

/** Fetching by the registry itself: now, or regularly. */
export const pullCommands: readonly RegistryCommand[] = [
  {
    usage: 'pull [artifact]',
    description:
      'let the registry fetch vulnerability data: from a remote registry that it knows, or from a repository of its own',
    example: 'berth db pull aquasecurity/trivy-db:2 --registry ghcr -f\n  berth db pull library/trivy-db:2',
    configure: (command) => {
      addPlaceFlags(command)
      addFollowFlag(command)
    },
    run: async (api, [artifact], flags) => {
      const parameters = await parametersOf(api, artifact, flags)
      const { id } = await api.create('POST /system/vulnerability-data/schedule', {
        body: { schedule: { type: 'Manual' }, parameters },
      })
      return await startedJob(api, id, 'fetching vulnerability data', flags)
    },
  },
  {
    usage: 'schedule [when]',
    description:
      'from where and when the registry fetches vulnerability data by itself; with an argument, set that: hourly, daily, weekly, none, or six fields of cron',
    example: 'berth db schedule "0 30 2 * * *" --artifact aquasecurity/trivy-db:2 --registry ghcr',
    configure: (command) => {
      command.option('--artifact <name>', 'repository with a tag or a digest: aquasecurity/trivy-db:2')
      command.option('--time-zone <zone>', 'on whose clocks: Asia/Shanghai (default: UTC)')
      addPlaceFlags(command)
    },
    run: async (api, [when], flags) => {
      if (when !== undefined) await setSchedule(api, when, flags)
      const { schedule, parameters, last_pull: last, job } = await api.call('GET /system/vulnerability-data/schedule')
      return factsOf(
        [
          ['runs', schedule?.cron ?? 'only when it is asked to'],
          ['time zone', schedule?.time_zone],
          ['next', schedule?.next_scheduled_time],
          ['registry', parameters === undefined ? undefined : (parameters.registry_id ?? 'this one')],
          ['artifact', parameters === undefined ? undefined : `${parameters.repository} ${parameters.reference}`],
          ['newest on', last?.time],
          ['digest', last?.digest],
          ['last job', job === undefined ? undefined : `${job.id} ${job.status}${job.error ? `: ${job.error}` : ''}`],
        ],
        { schedule, parameters, last_pull: last, job },
      )
    },
  },
]

function addPlaceFlags(command: Command): void {
  command.option('--registry <name>', 'a remote registry (berth registry list); without it, the registry itself')
}

async function setSchedule(api: RegistryApi, when: string, flags: Flags): Promise<void> {
  const zone = flags['timeZone'] as string | undefined
  const schedule = { ...parseScheduleArgument(when), ...(zone === undefined ? {} : { time_zone: zone }) }
  const parameters = await parametersOf(api, flags['artifact'] as string | undefined, flags)
  await api.call('PUT /system/vulnerability-data/schedule', { body: { schedule, parameters } })
}

/** Nothing where nothing is said: then it is what the schedule fetches. */
async function parametersOf(api: RegistryApi, artifact: string | undefined, flags: Flags) {
  const registry = flags['registry'] as string | undefined
  if (artifact === undefined) {
    if (registry === undefined) return {}
    throw new CommandError('--registry says where, and not what: name the artifact', {
      next: 'for example: berth db pull aquasecurity/trivy-db:2 --registry ghcr',
      kind: 'usage',
    })
  }
  const [, repository = '', , tag, digest] = /^([^:@\s]+)(:([^:@\s]+)|@(\S+))?$/.exec(artifact) ?? []
  if (repository === '')
    throw new CommandError(`${artifact} is no artifact`, { next: 'for example: library/trivy-db:2', kind: 'usage' })
  const reference = tag ?? digest
  return {
    ...(registry === undefined ? {} : { registry_id: (await getRegistry(api, registry)).id }),
    repository,
    ...(reference === undefined ? {} : { reference }),
  }
}
