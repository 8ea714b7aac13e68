import type { Command } from 'commander'
import type { AnswerOf, RegistryApi } from '../api/registry-api.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { sayWhenInterrupted } from '../interruption.ts'
import { isStructured, tableOf } from '../output.ts'
import { addLimitFlag, done, listCommand, type CommandGroup, type Flags } from '../registry-command.ts'
import { print } from '../standard-output.ts'

type Event = AnswerOf<'GET /events'>['events'][number]

function addFilterFlags(command: Command, since: 'oldest' | 'now'): void {
  command
    .option('--since <cursor>', 'go on behind this one: a cursor, oldest, or now', since)
    .option('--types <types>', 'only these, separated by commas')
    .option('--project <name>', 'only of this project')
}

const filtersOf = (flags: Flags) => ({
  types: flags['types'] as string | undefined,
  project: flags['project'] as string | undefined,
})

const columns = {
  TIME: ({ time }: Event) => time,
  TYPE: ({ type }: Event) => type,
  WHO: ({ username }: Event) => username,
  WHAT: ({ resource }: Event) => resource,
  '*CURSOR': ({ cursor }: Event) => cursor,
  '*FROM': (event: Event) => event.client_address,
}

export const eventCommands: CommandGroup = {
  name: 'event',
  aliases: ['events'],
  description: 'what happened, behind a cursor: for programs that follow the registry',
  commands: [
    {
      usage: 'list',
      description: 'list events that are kept, the oldest first',
      example: 'berth event list --types push_artifact,delete_artifact --project backend',
      configure: (command) => {
        addFilterFlags(command, 'oldest')
        addLimitFlag(command)
      },
      run: async (api, _args, flags) => {
        const limit = flags['limit'] as number
        const events: Event[] = []
        for (let since = flags['since'] as string, more = true; more;) {
          const page = await api.call('GET /events', {
            query: { since, ...filtersOf(flags), page_size: limit > 0 ? Math.min(limit, 1_000) : 1_000 },
          })
          events.push(...page.events)
          if (limit > 0 && events.length >= limit) return tableOf(events.slice(0, limit), columns, page.more)
          more = page.more
          since = page.cursor
        }
        return tableOf(events, columns)
      },
    },
    {
      usage: 'follow',
      description: 'print events as they come, one line each, until Ctrl+C; --output json gives a line of JSON each',
      example: 'berth event follow --since now',
      configure: (command) => addFilterFlags(command, 'now'),
      run: async (api, _args, flags) => {
        await followEvents(api, flags)
        return undefined
      },
    },
    listCommand({
      usage: 'consumers',
      description: 'list consumers that have a name, and how far each is behind',
      example: 'berth event consumers',
      operation: 'GET /events/consumers',
      columns: {
        NAME: ({ name }) => name,
        BEHIND: ({ behind }) => behind,
        CURSOR: ({ cursor }) => cursor,
      },
    }),
    {
      usage: 'acknowledge <consumer> <cursor>',
      description: 'register a consumer, or remember that it has done everything up to a cursor (oldest, now)',
      example: 'berth event acknowledge siem now',
      run: async (api, [name = '', cursor = '']) => {
        const standing = await api.call('PUT /events/consumers/{consumer_name}', {
          params: { consumer_name: name },
          body: { cursor },
        })
        return done(`${name} is at ${standing.cursor}, ${standing.behind} events behind`, standing)
      },
    },
    {
      usage: 'forget <consumer>',
      description: 'forget a consumer; the log keeps nothing for it any more',
      example: 'berth event forget siem',
      configure: addConfirmFlag,
      run: async (api, [name = ''], flags) => {
        await confirm(`the consumer ${name} is forgotten at ${api.name}; what it has not had may go`, flags)
        await api.call('DELETE /events/consumers/{consumer_name}', { params: { consumer_name: name } })
        return done(`forgot ${name}`, { name })
      },
    },
  ],
}

/** The registry ends a stream after a while, to ask for the rights again: it is asked from the last event on. */
async function followEvents(api: RegistryApi, flags: Flags): Promise<void> {
  let since = flags['since'] as string
  using _said = sayWhenInterrupted('go on with --since and the cursor of the last event')
  for (;;) {
    // Where "now" is must not move while a stream is made anew.
    if (since === 'now') since = (await api.call('GET /events', { query: { since, page_size: 1 } })).cursor
    for await (const { id, data } of api.follow('GET /events', { query: { since, ...filtersOf(flags) } })) {
      const event = data as Event
      if (id !== undefined) since = id
      if (typeof event.type !== 'string') continue
      print(isStructured(flags['output']) ? JSON.stringify(event) : tableOf([event], columns).text.split('\n')[1]!)
    }
  }
}
