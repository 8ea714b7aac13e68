import { z } from 'zod'
import { duration, flag, text, written } from './setting-kinds.ts'

const day = 86_400_000

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
    keep_at_least: duration(day, '1d')
      .optional()
      .describe(
        'How long audit records stay, whoever asks: no purge, no setting of the console and no API goes below it. MLPS 2.0 asks for 180d.',
      ),
    hash: z
      .enum(['sha256', 'sm3'])
      .prefault('sha256')
      .meta({ kind: 'sha256 or sm3' })
      .describe('What the audit log is chained by. A chain goes on with another one from there on.'),
    signing_key_file: text()
      .optional()
      .describe(
        'Private key of Ed25519 (PEM, PKCS 8) that signs the audit log. Default: one that the registry makes and keeps in its database.',
      ),
    record_reads: flag()
      .prefault(false)
      .describe('Whether the audit log records who reads it. Exports are recorded always.'),
    syslog_ca_file: text().optional().describe('Authority (PEM) that signed its certificate.'),
  })
  .prefault({})
  .describe('Where the audit log is sent, beside the database.')
