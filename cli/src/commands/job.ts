import type { Command } from 'commander'
import type { AnswerOf, RegistryApi, RowOf } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { sayWhenInterrupted } from '../interruption.ts'
import { parseId } from '../names.ts'
import { factsOf, isStructured, withoutControls } from '../output.ts'
import {
  done,
  listCommand,
  type CommandGroup,
  type CommandWords,
  type Flags,
  type RegistryCommand,
} from '../registry-command.ts'
import { print } from '../standard-output.ts'

type Job = RowOf<'GET /jobs'>

const statuses = ['delayed', 'pending', 'running', 'succeeded', 'failed', 'stopped']

export const jobCommands: CommandGroup = {
  name: 'job',
  aliases: ['jobs'],
  description: 'work in the background: what runs, what waits, what came of it',
  commands: [
    listCommand({
      usage: 'list',
      description: 'list jobs of all kinds, the newest first',
      example: 'berth job list --status failed',
      operation: 'GET /jobs',
      configure: (command) =>
        void command
          .option('--status <status>', `only these, separated by commas: ${statuses.join(', ')}`)
          .option('--kind <kind>', 'only these kinds, separated by commas'),
      input: (_args, flags) => ({
        query: { status: flags['status'] as string | undefined, kind: flags['kind'] as string | undefined },
      }),
      columns: {
        ID: ({ id }) => id,
        KIND: ({ kind }) => kind,
        STATUS: ({ status }) => status,
        BY: ({ username }) => username,
        CREATED: (job) => job.creation_time,
        PROGRESS: describeProgress,
        '*SUBJECT': ({ subject }) => subject,
        '*ATTEMPTS': ({ attempts }) => attempts,
        '*ENDED': (job) => job.end_time,
        '*ERROR': ({ error }) => error,
      },
    }),
    {
      usage: 'show <job>',
      description: 'one job, with its progress and result',
      example: 'berth job show 42',
      run: async (api, [id = '']) => presentJob(await getJob(api, parseId(id, 'a job'))),
    },
    logsCommand('a job', {
      usage: 'logs <job>',
      description: 'print the log of a job; with --follow as it is written, until the job ends',
      example: 'berth job logs 42 -f',
    }),
    {
      usage: 'stop <job>',
      description: 'stop a job that runs, or waits; what is done stays done',
      example: 'berth job stop 42',
      run: async (api, [text = '']) => {
        const id = parseId(text, 'a job')
        const { status } = await getJob(api, id)
        if (isFinal(status)) throw new CommandError(`job ${id} has ended already: ${status}`, { kind: 'conflict' })
        await api.call('PUT /jobservice/jobs/{job_id}', { params: { job_id: harborJobId(id) } })
        return done(`job ${id} is asked to stop`, { id })
      },
    },
    listCommand({
      usage: 'queues',
      description: 'what waits, by kind of job',
      example: 'berth job queues',
      operation: 'GET /jobservice/queues',
      columns: {
        TYPE: (queue) => queue.job_type,
        WAITING: ({ count }) => count ?? 0,
        'OLDEST (s)': ({ latency }) => latency ?? 0,
        PAUSED: ({ paused }) => (paused ? 'yes' : ''),
      },
    }),
    ...(['pause', 'resume'] as const).map((action) => ({
      usage: `${action} <type>`,
      description: `${action} a type of job as berth job queues names it; all: every type, scheduler: all schedules`,
      example: `berth job ${action} GARBAGE_COLLECTION`,
      run: async (api: RegistryApi, [type = '']: readonly string[]) => {
        await api.call('PUT /jobservice/queues/{job_type}', { params: { job_type: type }, body: { action } })
        return done(`${type}: ${action}d`, { type, action })
      },
    })),
    listCommand({
      usage: 'workers',
      description: 'processes that do jobs',
      example: 'berth job workers',
      operation: 'GET /jobservice/pools',
      columns: {
        POOL: (pool) => pool.worker_pool_id,
        HOST: ({ host }) => host,
        PID: ({ pid }) => pid,
        CONCURRENCY: ({ concurrency }) => concurrency,
        SINCE: (pool) => pool.start_at,
        HEARTBEAT: (pool) => pool.heartbeat_at,
      },
    }),
  ],
}

/** Jobs have 24 hex digits where Harbor has them. */
const harborJobId = (id: number): string => id.toString(16).padStart(24, '0')

const isFinal = (status: string): boolean => ['succeeded', 'failed', 'stopped'].includes(status)

const getJob = (api: RegistryApi, id: number): Promise<AnswerOf<'GET /jobs/{job_id}'>> =>
  api.call('GET /jobs/{job_id}', { params: { job_id: id } })

function describeProgress({ progress }: Pick<Job, 'progress'>): string {
  if (progress === undefined) return ''
  const { step, done: count, total } = progress
  if (count === undefined) return step
  return `${step}: ${count}${total === undefined ? '' : ` of ${total}`}`
}

function presentJob(job: AnswerOf<'GET /jobs/{job_id}'>) {
  return factsOf(
    [
      ['id', job.id],
      ['kind', job.kind],
      ['status', job.stop_requested && !isFinal(job.status) ? `${job.status}, asked to stop` : job.status],
      ['by', `${job.username} (${job.trigger})`],
      ['about', job.subject],
      ['parameters', job.parameters],
      ['progress', describeProgress(job)],
      ['result', job.result],
      ['error', job.error],
      ['attempts', job.attempts],
      ['created', job.creation_time],
      ['started', job.start_time],
      ['ended', job.end_time],
      ['log', `${job.log_lines} lines: berth job logs ${job.id}`],
    ],
    job,
  )
}

export function addFollowFlag(command: Command): void {
  command.option('-f, --follow', 'print the log as it is written, until the job ends')
}

/** A command that prints the log of a job, which goes by the name of `what` there. */
export function logsCommand(what: string, words: Omit<CommandWords, 'configure'>): RegistryCommand {
  return {
    ...words,
    configure: addFollowFlag,
    run: async (api, [id = ''], flags) => {
      await printLog(api, parseId(id, what), flags)
      return undefined
    },
  }
}

interface LogLine {
  readonly number: number
  readonly time: string
  readonly line: string
}

/**
 * A log to its end, or as it is written. Lines for programs are JSON, one each.
 * @throws CommandError when the job that was followed failed
 */
async function printLog(api: RegistryApi, id: number, flags: Flags): Promise<void> {
  const isForPrograms = isStructured(flags['output'])
  const printLine = (line: LogLine) =>
    print(isForPrograms ? JSON.stringify(line) : `${line.time} ${withoutControls(line.line)}`)
  if (flags['follow'] !== true) {
    for (let after = 0, isWhole = false; !isWhole;) {
      const lines = await api.call('GET /jobs/{job_id}/log', {
        params: { job_id: id },
        query: { after, page_size: 1_000 },
      })
      for (const line of lines) printLine(line)
      after = lines.at(-1)?.number ?? after
      isWhole = lines.length < 1_000
    }
    return
  }
  using _said = sayWhenInterrupted(`job ${id} goes on; berth job stop ${id} would end it`)
  await followJob(api, id, printLine)
}

/** A server may end the stream before the job has ended: then it is asked again, from the last line on. */
async function followJob(api: RegistryApi, id: number, printLine: (line: LogLine) => void): Promise<void> {
  for (let last = 0; ;) {
    const since = { 'last-event-id': String(last) }
    let status = ''
    let error: string | undefined
    for await (const { event, data } of api.follow('GET /jobs/{job_id}/events', {
      params: { job_id: id },
      headers: since,
    })) {
      if (event === 'log') {
        const line = data as LogLine
        printLine(line)
        last = line.number
      } else if (event === 'job') ({ status, error } = data as { status: string; error?: string })
      else if (event === 'end') break
    }
    if (!isFinal(status)) continue
    console.error(`job ${id} ${status}`)
    if (status === 'failed') throw new CommandError(`job ${id} failed: ${error ?? 'see its log'}`)
    return
  }
}

/** What a command says that made a job: its number, or with --follow its log. */
export async function startedJob(api: RegistryApi, id: string | undefined, what: string, flags: Flags) {
  if (id === undefined) return done(what, {})
  if (flags['follow'] === true) {
    await printLog(api, Number(id), flags)
    return undefined
  }
  const note = api.isLocal ? '\na server of this registry does it, as soon as one runs' : ''
  return done(`${what}: job ${id}; its log: berth job logs -f ${id}${note}`, { job: Number(id) })
}

/** `0 0 3 * * *`, `daily`, or `none`. */
export function parseScheduleArgument(text: string): {
  type: 'Hourly' | 'Daily' | 'Weekly' | 'Custom' | 'None'
  cron?: string
} {
  const word = text.toLowerCase()
  if (word === 'none') return { type: 'None' }
  if (word === 'hourly') return { type: 'Hourly', cron: '0 0 * * * *' }
  if (word === 'daily') return { type: 'Daily', cron: '0 0 0 * * *' }
  if (word === 'weekly') return { type: 'Weekly', cron: '0 0 0 * * 0' }
  if (text.trim().split(/\s+/).length === 6) return { type: 'Custom', cron: text.trim() }
  throw new CommandError(`${JSON.stringify(text)} is no schedule`, {
    next: 'hourly, daily, weekly, none, or six fields with the seconds first: "0 0 3 * * *"',
    kind: 'usage',
  })
}
