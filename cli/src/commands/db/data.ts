import type { RowOf } from '../../api/registry-api.ts'
import { CommandError } from '../../command-error.ts'
import { formatBytes } from '../../format-bytes.ts'
import { done, type RegistryCommand } from '../../registry-command.ts'
import { addFollowFlag, startedJob } from '../job.ts'

type Generation = RowOf<'GET /system/vulnerability-data'>

/** What a registry has, and what it goes back to. */
export const dataCommands: readonly RegistryCommand[] = [
  {
    usage: 'status',
    description: 'the vulnerability data of the registry: what it is made of, and how old it is',
    example: 'berth db status',
    run: async (api) => {
      const known = await api.call('GET /system/vulnerability-data')
      const text =
        known.length === 0
          ? 'no vulnerability data yet; bring some in: berth db import FILE'
          : known.map(presentGeneration).join('\n')
      return { text, json: known }
    },
  },
  {
    usage: 'use <number>',
    description: 'go back to vulnerability data that is still kept',
    example: 'berth db use 3',
    run: async (api, [text = '']) => {
      const number = parseGeneration(text)
      await api.call('PUT /system/vulnerability-data/{number}/use', { params: { number } })
      return done(`scans use vulnerability data ${number} from now on`, { generation: number })
    },
  },
  {
    usage: 'delete <number>',
    description: 'forget vulnerability data that is not in use',
    example: 'berth db delete 2',
    run: async (api, [text = '']) => {
      const number = parseGeneration(text)
      await api.call('DELETE /system/vulnerability-data/{number}', { params: { number } })
      return done(`vulnerability data ${number} is forgotten`, { generation: number })
    },
  },
  {
    usage: 'remove-source <source>',
    aliases: [],
    description: 'take a source out of the vulnerability data; berth db status names them',
    example: 'berth db remove-source osv-npm -f',
    configure: addFollowFlag,
    run: async (api, [source = ''], flags) => {
      const { id } = await api.create('DELETE /system/vulnerability-data/sources/{source}', { params: { source } })
      return await startedJob(api, id, `taking ${source} out of the vulnerability data`, flags)
    },
  },
]

function parseGeneration(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new CommandError(`${text} is no number of vulnerability data`, { kind: 'usage' })
  return Number(text)
}

function presentGeneration({ number, in_use: inUse, size, sources, origin, ...times }: Generation): string {
  const names = sources.map(
    ({ name, advisories, data_time: time }) => `    ${name}: ${advisories} advisories, published ${dayOf(time)}`,
  )
  const head = `${inUse ? '*' : ' '} ${number}  published ${dayOf(times.data_time)}, imported ${dayOf(times.import_time)}, ${formatBytes(size)}`
  return [`${head}${origin === '' ? '' : `, from ${origin}`}`, ...names].join('\n')
}

export const dayOf = (time: string): string =>
  time === '' || time.startsWith('1970') ? 'at an unknown time' : time.slice(0, 10)
