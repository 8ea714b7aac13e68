import type { Command } from 'commander'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import type { RegistryApi } from '../api/registry-api.ts'
import { parseId } from '../names.ts'
import { factsOf } from '../output.ts'
import { done, type CommandGroup, type Flags, type RegistryCommand } from '../registry-command.ts'
import { logsCommand, parseScheduleArgument } from './job.ts'

type ScheduleBody = {
  readonly schedule: ReturnType<typeof parseScheduleArgument> & { readonly time_zone?: string }
  readonly parameters?: Readonly<Record<string, unknown>>
}

/** How the API tells a schedule: with the parameters of its runs, as text or as they are. */
interface ScheduleAnswer {
  readonly schedule?: { readonly cron?: string; readonly time_zone?: string; readonly next_scheduled_time?: string }
  readonly job_parameters?: string
  readonly parameters?: object
}

interface ScheduleOperations {
  readonly schedule: (api: RegistryApi) => Promise<ScheduleAnswer>
  readonly setSchedule: (api: RegistryApi, body: ScheduleBody) => Promise<unknown>
  /** Flags of the schedule, and what they say for its runs; what they do not say stays as it is. */
  readonly configure?: (command: Command) => void
  readonly parametersOf?: (flags: Flags) => Readonly<Record<string, unknown>>
}

interface RunOperations extends ScheduleOperations {
  readonly stop: (api: RegistryApi, id: number) => Promise<unknown>
}

/** Commands of work that has runs and a schedule. */
export function runCommands(name: string, what: string, operations: RunOperations): CommandGroup['commands'] {
  return [
    logsCommand(`a run of ${what}`, {
      usage: 'logs <run>',
      description: `print the log of a run of ${what}`,
      example: `berth ${name} logs 42 -f`,
    }),
    {
      usage: 'stop <run>',
      description: `stop a run of ${what}; what is done stays done`,
      example: `berth ${name} stop 42`,
      run: async (api, [text = '']) => {
        const id = parseId(text, `a run of ${what}`)
        await operations.stop(api, id)
        return done(`run ${id} is asked to stop`, { id })
      },
    },
    scheduleCommand(name, what, operations),
  ]
}

/** When something runs by itself. */
export function scheduleCommand(name: string, what: string, operations: ScheduleOperations): RegistryCommand {
  return {
    usage: 'schedule [when]',
    description: `when ${what} runs by itself; with an argument, set that: hourly, daily, weekly, none, or six fields of cron`,
    example: `berth ${name} schedule "0 0 3 * * *" --time-zone Europe/Berlin`,
    configure: (command) => {
      command.option('--time-zone <zone>', 'on whose clocks: Asia/Shanghai (default: UTC)')
      operations.configure?.(command)
    },
    run: async (api, [when], flags) => {
      if (when !== undefined) await setSchedule(api, operations, when, flags)
      const answer = await operations.schedule(api)
      const { schedule } = answer
      return factsOf(
        [
          ['runs', schedule?.cron ?? 'only when it is asked to'],
          ['time zone', schedule?.time_zone],
          ['next', schedule?.next_scheduled_time],
          ...Object.entries(parametersIn(answer)),
        ],
        schedule === undefined ? null : { ...schedule, parameters: parametersIn(answer) },
      )
    },
  }
}

const parametersIn = ({ job_parameters: text, parameters }: ScheduleAnswer): Record<string, unknown> => ({
  ...(text === undefined ? {} : (parseForeignJson(text, budgets.remoteAnswer) as object)),
  ...parameters,
})

async function setSchedule(
  api: RegistryApi,
  operations: ScheduleOperations,
  when: string,
  flags: Flags,
): Promise<void> {
  const zone = flags['timeZone'] as string | undefined
  const parameters = { ...parametersIn(await operations.schedule(api)), ...operations.parametersOf?.(flags) }
  await operations.setSchedule(api, {
    schedule: { ...parseScheduleArgument(when), ...(zone === undefined ? {} : { time_zone: zone }) },
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
  })
}
