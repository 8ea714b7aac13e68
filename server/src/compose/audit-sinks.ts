import type { Config } from '../config/config.ts'
import { AuditSinks, type NamedSink } from '../domain/audit/forwarding/audit-sinks.ts'
import type { Settings } from '../domain/settings/settings.ts'
import { composeEventLog } from './event-log.ts'
import type { Foundation } from './foundation.ts'

/** Of their consumers. */
export const sinkNames = {
  elasticsearch: 'audit-elasticsearch',
  syslog: 'audit-syslog',
  harbor: 'audit-log-forward-endpoint',
} as const

export function composeAuditSinks(
  { audit }: Pick<Config, 'audit'>,
  ground: Pick<Foundation, 'database' | 'clock'>,
  settings: Settings,
): AuditSinks {
  const { elasticsearch, syslog } = audit
  const sink = (kind: NamedSink['kind'], address: string): NamedSink => ({ name: sinkNames[kind], kind, address })
  return new AuditSinks({
    ...ground,
    consumers: composeEventLog(ground).eventConsumers,
    named: async () => {
      const { audit_log_forward_endpoint: endpoint } = await settings.getSettings()
      return [
        ...(elasticsearch === undefined ? [] : [sink('elasticsearch', `${elasticsearch.url} ${elasticsearch.stream}`)]),
        ...(syslog === undefined ? [] : [sink('syslog', syslog.url)]),
        ...(endpoint === '' ? [] : [sink('harbor', endpoint)]),
      ]
    },
  })
}
