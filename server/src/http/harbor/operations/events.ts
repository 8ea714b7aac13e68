import { z } from 'zod'
import { actorKey } from '../../../domain/access/actor.ts'
import { DomainError } from '../../../domain/errors.ts'
import { formatCursor, parseStart } from '../../../domain/events/event-cursor.ts'
import type { ConsumerStanding } from '../../../domain/events/event-consumers.ts'
import type { EventPage, MissedEvents } from '../../../domain/events/event-log.ts'
import { route, type Call, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'
import { eventAnswer, presentEvent } from './event-answer.ts'
import { followEvents } from './event-stream.ts'
import { eventsScope, namedTypes, type ScopeQuery } from './events-scope.ts'

const maxCursorLength = 32

const eventsQuery = z.object({
  since: z
    .string()
    .max(maxCursorLength)
    .optional()
    .describe(
      'Cursor of an earlier answer; `oldest` (when left out): all that is kept; `now`: what comes from now on.',
    ),
  types: z
    .string()
    .max(4_096)
    .optional()
    .describe('Types of events, separated by commas: push_artifact,delete_artifact. All of them when left out.'),
  project: z.string().max(255).optional().describe('Name of a project: its events alone.'),
  project_id: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe('Id of a project: its events alone, also when the project is gone.'),
  page_size: z.coerce.number().int().min(1).max(1_000).default(100),
})

const pageAnswer = z.object({
  events: z.array(eventAnswer),
  cursor: z.string().describe('Where to go on: since of the next request.'),
  more: z.boolean().describe('Whether there is more already.'),
})

const consumerAnswer = z.object({
  name: z.string(),
  cursor: z.string().describe('Everything up to here is done.'),
  behind: z.number().int().describe('Events that it has not had, of all types.'),
})

const consumers = '/events/consumers'
const oneConsumer = z.object({
  consumer_name: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9._-]{0,62}$/,
      'has 63 letters, digits, dots, dashes and underscores at the most, in lower case',
    ),
})
const readers = { kind: 'system', permission: 'audit-log:list' } as const

export const eventRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/events',
    tag: 'event',
    operationId: 'listEvents',
    summary:
      'Beyond Harbor: what happened behind a cursor, each event at least once; with `Accept: text/event-stream` also what comes, as server-sent events.',
    access: { kind: 'signed-in' },
    query: eventsQuery,
    answers: { 200: pageAnswer },
    handle: async (call, services) => {
      const types = namedTypes(call.query.types)
      const projects = await eventsScope(services, call.actor, call.query)
      if (wantsStream(call.request)) {
        const since = parseStart(call.request.headers.get('last-event-id') ?? call.query.since ?? 'oldest')
        const scope = () => currentScope(call, services)
        return services.eventStreams.respond(call.request, actorKey(call.actor), (listening) =>
          followEvents(services, { since, types, projects, scope }, listening),
        )
      }
      const since = parseStart(call.query.since ?? 'oldest')
      const page = await services.eventLog.read({ since, types, projects, limit: call.query.page_size })
      if (page.missed !== undefined) throw expired(page.missed)
      return { body: presentPage(page) }
    },
  }),

  route({
    method: 'GET',
    path: consumers,
    tag: 'event',
    operationId: 'listEventConsumers',
    summary: 'Beyond Harbor: consumers of events that have a name, and how far each is behind.',
    access: readers,
    answers: { 200: z.array(consumerAnswer) },
    handle: async (_call, { eventConsumers }) => ({
      body: (await eventConsumers.listStandings()).map(presentConsumer),
    }),
  }),

  route({
    method: 'PUT',
    path: `${consumers}/{consumer_name}`,
    tag: 'event',
    operationId: 'acknowledgeEvents',
    summary:
      'Beyond Harbor: registers a consumer, or remembers that it has done everything up to a cursor. What a registered consumer has not done stays in the log, within its bounds.',
    access: readers,
    params: oneConsumer,
    body: z.object({ cursor: z.string().max(maxCursorLength) }),
    answers: { 200: consumerAnswer },
    handle: async ({ params, body }, { eventConsumers }) => {
      const standing = await eventConsumers.moveConsumer(params.consumer_name, parseStart(body.cursor))
      return { body: presentConsumer(standing) }
    },
  }),

  route({
    method: 'DELETE',
    path: `${consumers}/{consumer_name}`,
    tag: 'event',
    operationId: 'deleteEventConsumer',
    summary: 'Beyond Harbor: forgets a consumer; the log keeps nothing for it any more.',
    access: readers,
    params: oneConsumer,
    answers: { 200: null },
    handle: async ({ params }, { eventConsumers }) => {
      await eventConsumers.forgetConsumer(params.consumer_name)
      return {}
    },
  }),
]

type EventsCall = Call<unknown, z.output<typeof eventsQuery>, unknown>

const wantsStream = (request: Request): boolean =>
  /(^|,)\s*text\/event-stream\s*(;|,|$)/i.test(request.headers.get('accept') ?? '')

/** What the sender of a request may see at this moment; undefined when it may not even ask any more. */
async function currentScope(call: EventsCall, services: HarborServices): Promise<ScopeQuery | undefined> {
  try {
    const { actor } = await services.authenticateBrowser(call.request, call.clientAddress)
    if (actor.kind === 'anonymous') return undefined
    return { projects: await eventsScope(services, actor, call.query) }
  } catch (error) {
    if (error instanceof DomainError) return undefined
    throw error
  }
}

function presentPage({ events, next, more }: EventPage): z.output<typeof pageAnswer> {
  return { events: events.map(presentEvent), cursor: formatCursor(next), more }
}

function presentConsumer({ name, cursor, behind }: ConsumerStanding): z.output<typeof consumerAnswer> {
  return { name, cursor: formatCursor(cursor), behind }
}

function expired(missed: MissedEvents): DomainError {
  const why =
    missed.reason === 'dropped'
      ? `the log has dropped ${missed.count} events that this cursor had not had`
      : 'this cursor is of another log: the registry was restored from a backup, or is another one'
  return new DomainError('CURSOR_EXPIRED', `${why}; look at the state anew, and go on with since=oldest`)
}
