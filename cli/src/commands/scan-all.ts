import { setTimeout as sleep } from 'node:timers/promises'
import type { AnswerOf, RegistryApi } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { factsOf, type Outcome } from '../output.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'
import { scheduleCommand } from './run-commands.ts'

type Progress = AnswerOf<'GET /scans/all/metrics'>

const pollMs = 2_000

export const scanAllCommands: CommandGroup = {
  name: 'scan-all',
  description: 'scans of every image of the registry: now, by a schedule, and how far they are',
  commands: [
    {
      usage: 'run',
      description: 'scan every image now; those that the data in use has judged are left as they are',
      example: 'berth scan-all run --wait',
      configure: (command) => void command.option('--wait', 'until all scans have ended; fails when some failed'),
      run: async (api, _args, flags) => {
        await api.call('POST /system/scanAll/schedule', { body: { schedule: { type: 'Manual' } } })
        if (flags['wait'] !== true) return done('scanning everything: berth scan-all status', { started: true })
        const progress = await untilEnded(api)
        const failed = progress.metrics?.['Error'] ?? 0
        if (failed > 0)
          throw new CommandError(`${failed} of ${progress.total} images could not be scanned`, {
            next: 'berth scan-all failures',
          })
        return presentProgress(progress)
      },
    },
    {
      usage: 'status',
      description: 'how far the newest scan of everything is',
      example: 'berth scan-all status',
      run: async (api) => presentProgress(await api.call('GET /scans/all/metrics')),
    },
    {
      usage: 'stop',
      description: 'stop the newest scan of everything; reports that are whole stay',
      example: 'berth scan-all stop',
      run: async (api) => {
        await api.call('POST /system/scanAll/stop')
        return done('the scan of everything is asked to stop', { stopped: true })
      },
    },
    listCommand({
      usage: 'failures',
      description: 'list images that the newest scan of everything could not scan, and why',
      example: 'berth scan-all failures',
      operation: 'GET /jobs',
      input: async (_args, _flags, api) => {
        const { rows } = await api.list('GET /jobs', { query: { type: 'SCAN_ALL' } }, 1)
        return { query: { subject: `scan-all:${rows[0]?.id ?? 0}`, status: 'failed' } }
      },
      columns: {
        JOB: ({ id }) => id,
        REPOSITORY: ({ parameters }) => (parameters as { readonly repository?: string } | null)?.repository,
        DIGEST: ({ parameters }) => (parameters as { readonly digest?: string } | null)?.digest,
        REASON: ({ error }) => error,
      },
    }),
    scheduleCommand('scan-all', 'the scan of everything', {
      schedule: (api) => api.call('GET /system/scanAll/schedule'),
      setSchedule: (api, body) => api.call('PUT /system/scanAll/schedule', { body }),
    }),
  ],
}

async function untilEnded(api: RegistryApi): Promise<Progress> {
  for (;;) {
    const progress = await api.call('GET /scans/all/metrics')
    if (!progress.ongoing) return progress
    await sleep(pollMs)
  }
}

function presentProgress(progress: Progress): Outcome {
  const { total, completed, ongoing, trigger, metrics = {} } = progress
  return factsOf(
    [
      ['state', ongoing ? 'running' : total === 0 && trigger === undefined ? 'never ran' : 'ended'],
      ['images', `${completed} of ${total}`],
      ['started by', trigger],
      ...Object.entries(metrics).map(([status, count]) => [status.toLowerCase(), count] as const),
    ],
    progress,
  )
}
