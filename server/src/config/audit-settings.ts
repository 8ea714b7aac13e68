import { z } from 'zod'
import { text, written } from './setting-kinds.ts'

/** Receivers of the audit log. */
export const auditSettings = z
  .strictObject({
    elasticsearch_url: written()
      .pipe(z.string().regex(/^https?:\/\/[^\s@?#]+$/, 'must be a URL such as https://elastic.example.com:9200'))
      .optional()
      .meta({ kind: 'text' })
      .describe('An Elasticsearch or OpenSearch that the audit log is sent to, in the Elastic Common Schema.'),
    elasticsearch_stream: written()
      .pipe(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,200}$/, 'must be the name of a data stream or an index'))
      .prefault('logs-berth.audit-default')
      .meta({ kind: 'text' })
      .describe('The data stream or index there.'),
    elasticsearch_api_key: text().optional().describe('An API key that may write there.'),
    elasticsearch_username: text().optional().describe('A user who may write there, in the place of an API key.'),
    elasticsearch_password: text().optional().describe('The password of that user.'),
    elasticsearch_ca_file: text().optional().describe('Authority (PEM) that signed its certificate.'),
    syslog_url: written()
      .pipe(z.string().regex(/^(tcp|tls):\/\/[^\s/@?#]+:\d{1,5}$/, 'must be tcp://host:port or tls://host:port'))
      .optional()
      .meta({ kind: 'text' })
      .describe('A syslog server that the audit log is sent to: RFC 5424, by TCP or TLS.'),
    syslog_ca_file: text().optional().describe('Authority (PEM) that signed its certificate.'),
  })
  .prefault({})
  .describe('Where the audit log is sent, beside the database.')
