import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { connectionGuard, OutboundFailure } from '../clients/outbound.ts'
import { Elasticsearch } from '../clients/elasticsearch.ts'
import { parseSyslogAddress, SyslogConnection, SyslogFailure } from '../clients/syslog/syslog-connection.ts'
import type { Config } from '../config/config.ts'
import { ecsDocument, idOf, type Observer } from '../domain/audit/forwarding/ecs-document.ts'
import { forget, forwardTo, type AuditSink } from '../domain/audit/forwarding/forward-audit-log.ts'
import { counted, harborLine, syslogMessage } from '../domain/audit/forwarding/syslog-lines.ts'
import type { EventConsumers } from '../domain/events/event-consumers.ts'
import type { AuditSinks } from '../domain/audit/forwarding/audit-sinks.ts'
import type { LoggedEvent, MissedEvents } from '../domain/events/event-log.ts'
import type { Settings, SettingChecks } from '../domain/settings/settings.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { BackgroundTask } from '../jobs/background.ts'
import type { Logger } from '../logging.ts'
import { version } from '../version.ts'
import { composeAuditSinks, sinkNames } from './audit-sinks.ts'
import { composeEventLog } from './event-log.ts'
import type { Foundation } from './foundation.ts'

const intervalMs = 2_000
const missedHelp = 'Times at which a receiver of the audit log was away for too long.'
const refusedHelp = 'Events that a receiver of the audit log refused for good.'
const harborConsumer = sinkNames.harbor

interface ForwardingServices {
  readonly foundation: Foundation
  readonly settings: Settings
  readonly metrics: Metrics
  readonly logger: Logger
  readonly owned: AsyncDisposableStack
}

type SinkServices = ForwardingServices & { readonly standings: AuditSinks }

/**
 * A task for each receiver that the configuration names, and one for the address that administrators enter. A receiver hears of what
 * happens from here on, the first time that it is named.
 */
export async function forwardAuditLog(config: Config, given: ForwardingServices): Promise<readonly BackgroundTask[]> {
  const services = { ...given, standings: composeAuditSinks(config, given.foundation, given.settings) }
  const { elasticsearch, syslog } = config.audit
  const observer: Observer = {
    host: config.externalUrl === undefined ? hostname() : new URL(config.externalUrl).hostname,
    version,
  }
  const sinks = [
    ...(elasticsearch === undefined ? [] : [elasticsearchSink(elasticsearch, observer, services)]),
    ...(syslog === undefined ? [] : [syslogSink(syslog, observer, services.owned)]),
  ]
  // An alert asks how many more there are: Prometheus sees no growth in a series that begins with 1.
  services.metrics.add('audit_forwarding_missed', 0, missedHelp)
  services.metrics.add('audit_forwarding_refused', 0, refusedHelp)
  const { eventConsumers } = composeEventLog(services.foundation)
  for (const { name } of sinks) await eventConsumers.ensureConsumer(name, 'now')
  return [...sinks.map((sink) => taskFor(services, sink)), harborTask(config, observer, services)]
}

function taskFor(services: SinkServices, sink: AuditSink): BackgroundTask {
  const { eventConsumers } = composeEventLog(services.foundation)
  return {
    ...{ name: `forward-${sink.name}`, runs: 'once', intervalMs },
    isDue: () => isBehind(eventConsumers, sink.name),
    run: () => noting(services, sink.name, () => forward(services, sink)),
  }
}

/** A receiver that nobody knows yet is behind, too. */
async function isBehind(consumers: EventConsumers, name: string): Promise<boolean> {
  const standing = (await consumers.listStandings()).find((each) => each.name === name)
  return standing === undefined || standing.behind > 0
}

/** Remembers how it went, for the console and for every process. */
async function noting({ standings }: SinkServices, name: string, work: () => Promise<number>): Promise<void> {
  try {
    if ((await work()) > 0) await standings.noteSent(name)
  } catch (error) {
    await standings.noteFailure(name, error)
    throw error
  }
}

async function forward({ foundation, metrics, logger, standings }: SinkServices, sink: AuditSink): Promise<number> {
  const { eventConsumers } = composeEventLog(foundation)
  const onMissed = async (name: string, missed: MissedEvents) => {
    await standings.noteLost(name, 'missed', missed.reason === 'dropped' ? missed.count : 0)
    metrics.add('audit_forwarding_missed', 1, missedHelp)
    logger.error(
      { sink: name, ...missed },
      'a receiver of the audit log was away for so long that events are missing there',
    )
  }
  const sent = await forwardTo({ database: foundation.database, consumers: eventConsumers, onMissed }, sink)
  if (sent > 0) metrics.add('audit_forwarded', sent, 'Events of the audit log that receivers have taken.')
  return sent
}

function elasticsearchSink(
  { url, stream, authorization, caFile }: NonNullable<Config['audit']['elasticsearch']>,
  observer: Observer,
  { logger, metrics, standings }: SinkServices,
): AuditSink {
  return {
    name: sinkNames.elasticsearch,
    async send(events) {
      const authority = caFile === undefined ? undefined : await readFile(caFile, 'utf8')
      const client = new Elasticsearch({ url: new URL(url), stream, authorization, authority })
      const documents = events.map((event) => ({ id: idOf(event), document: ecsDocument(event, observer) }))
      const refused = await client.bulk(documents)
      if (refused.length > 0) await standings.noteLost(sinkNames.elasticsearch, 'refused', refused.length)
      for (const { id, why } of refused) {
        metrics.add('audit_forwarding_refused', 1, refusedHelp)
        logger.error({ event: id, why }, 'the index refused an event of the audit log for good; others go on')
      }
    },
  }
}

function syslogSink(
  { url, caFile }: NonNullable<Config['audit']['syslog']>,
  observer: Observer,
  owned: AsyncDisposableStack,
): AuditSink {
  let connection: SyslogConnection | undefined
  owned.defer(() => connection?.[Symbol.dispose]())
  return {
    name: sinkNames.syslog,
    async send(events) {
      const authority = caFile === undefined ? undefined : await readFile(caFile, 'utf8')
      connection ??= new SyslogConnection({ ...parseSyslogAddress(url)!, authority })
      await connection.send(Buffer.concat(events.map((event) => counted(syslogMessage(event, observer)))))
    },
  }
}

/** Harbor's setting: its form of a line, by TCP, to an address that may change at any time. */
function harborTask(config: Config, observer: Observer, services: SinkServices): BackgroundTask {
  const { foundation, settings, owned } = services
  let open: { readonly endpoint: string; readonly connection: SyslogConnection } | undefined
  const close = () => {
    open?.connection[Symbol.dispose]()
    open = undefined
  }
  owned.defer(close)
  let isForgotten = false
  return {
    name: `forward-${harborConsumer}`,
    runs: 'once',
    intervalMs,
    async isDue() {
      const { audit_log_forward_endpoint: endpoint } = await settings.getSettings()
      return endpoint === '' ? !isForgotten : await isBehind(composeEventLog(foundation).eventConsumers, harborConsumer)
    },
    async run() {
      const { audit_log_forward_endpoint: endpoint } = await settings.getSettings()
      if (open?.endpoint !== endpoint) close()
      const address = endpoint === '' ? undefined : parseSyslogAddress(endpoint)
      if (address === undefined) {
        if (!isForgotten) await forget(composeEventLog(foundation).eventConsumers, harborConsumer)
        isForgotten = true
        return
      }
      if (isForgotten || open === undefined)
        await composeEventLog(foundation).eventConsumers.ensureConsumer(harborConsumer, 'now')
      isForgotten = false
      open ??= { endpoint, connection: new SyslogConnection(guarded(config, address)) }
      const { connection } = open
      const send = async (events: readonly LoggedEvent[]) => {
        connectionGuard(config.outbound.allowLocal).assertAllowed(address.host)
        await connection.send(Buffer.from(events.map((event) => `${harborLine(event, observer)}\n`).join('')))
      }
      await noting(services, harborConsumer, () => forward(services, { name: harborConsumer, send }))
    },
  }
}

const guarded = ({ outbound }: Config, address: NonNullable<ReturnType<typeof parseSyslogAddress>>) => ({
  ...address,
  ...connectionGuard(outbound.allowLocal).lookup,
})

/** Connects to the address before it is taken, as Harbor does. */
export function composeSettingChecks(config: Config, ground: Pick<Foundation, 'database' | 'clock'>): SettingChecks {
  return {
    audit_log_forward_endpoint: async (endpoint) => {
      const address = parseSyslogAddress(endpoint)
      if (address === undefined)
        return 'audit_log_forward_endpoint should look like siem.example.org:514, or tls://siem.example.org:6514'
      try {
        connectionGuard(config.outbound.allowLocal).assertAllowed(address.host)
        using connection = new SyslogConnection(guarded(config, address))
        await connection.probe()
        // It hears of everything from the moment on at which it is set.
        await composeEventLog(ground).eventConsumers.ensureConsumer(harborConsumer, 'now')
        return undefined
      } catch (error) {
        if (error instanceof SyslogFailure || error instanceof OutboundFailure)
          return `could not connect to the audit endpoint: ${endpoint.slice(0, 200)}: ${error.message}`
        throw error
      }
    },
  }
}
