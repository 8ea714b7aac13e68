import type { Command } from 'commander'
import { exitCodeOf } from '../exit-codes.ts'
import { formatBytes } from '../format-bytes.ts'
import { parseSize } from '../names.ts'
import { factsOf } from '../output.ts'
import { listCommand, type CommandGroup } from '../registry-command.ts'
import { addFollowFlag, startedJob } from './job.ts'
import { runCommands } from './run-commands.ts'

function addRateFlag(command: Command): void {
  command.option('--rate <size>', 'how much to read in a second, at the most: 50MB')
}

export const scrubCommands: CommandGroup = {
  name: 'scrub',
  description: 'read all stored bytes again and compare them with their digests',
  commands: [
    {
      usage: 'run',
      description: 'start a pass now, or go on with the one that was stopped',
      example: 'berth scrub run --rate 50MB -f',
      configure: (command) => {
        addRateFlag(command)
        addFollowFlag(command)
      },
      run: async (api, _args, flags) => {
        const rate = flags['rate'] as string | undefined
        const { id } = await api.create('POST /system/scrub/schedule', {
          body: {
            schedule: { type: 'Manual' },
            ...(rate === undefined ? {} : { parameters: { bytes_per_second: parseSize(rate) } }),
          },
        })
        return await startedJob(api, id, 'reading all bytes', flags)
      },
    },
    {
      usage: 'status',
      description: 'how far it is, and how many blobs are damaged; exit code 9 when some are',
      example: 'berth scrub status',
      run: async (api) => {
        const state = await api.call('GET /system/scrub')
        if (state.damaged_blobs > 0) process.exitCode = exitCodeOf('corrupt')
        const { pass, job } = state
        return factsOf(
          [
            ['damaged blobs', state.damaged_blobs],
            [
              'pass',
              pass === undefined ? 'none yet' : `${Math.round(100 * pass.share_done)} %, since ${pass.started_at}`,
            ],
            ['read', pass === undefined ? undefined : `${pass.blobs} blobs, ${formatBytes(pass.bytes)}`],
            ['finished', pass?.finished_at],
            ['job', job === undefined ? undefined : `${job.id}: ${job.status}`],
          ],
          state,
        )
      },
    },
    listCommand({
      usage: 'findings',
      description: 'list damaged blobs, the newest first, and where they are used',
      example: 'berth scrub findings',
      operation: 'GET /system/scrub/findings',
      configure: (command) => void command.option('--all', 'also those that are healed'),
      input: (_args, flags) => ({ query: flags['all'] === true ? {} : { healed: 'false' } }),
      columns: {
        ID: ({ id }) => id,
        DIGEST: ({ digest }) => digest,
        KIND: ({ kind }) => kind,
        SIZE: ({ size }) => formatBytes(size),
        FOUND: (finding) => finding.found_at,
        HEALED: (finding) => finding.healed_at,
        'USED IN': ({ repositories }) => repositories.join(', '),
      },
    }),
    ...runCommands('scrub', 'the scrub', {
      stop: (api, id) => api.call('PUT /system/scrub/jobs/{job_id}', { params: { job_id: id } }),
      schedule: (api) => api.call('GET /system/scrub/schedule'),
      setSchedule: (api, body) => api.call('PUT /system/scrub/schedule', { body }),
      configure: addRateFlag,
      parametersOf: ({ rate }) => (rate === undefined ? {} : { bytes_per_second: parseSize(rate as string) }),
    }),
  ],
}
