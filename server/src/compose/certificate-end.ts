import type { Clock } from '../domain/clock.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import type { ServedCertificate } from '../http/served-certificate.ts'
import type { Logger } from '../logging.ts'
import type { CertificateProvider } from './certificates.ts'

export interface CertificateEndServices {
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly metrics: Pick<Metrics, 'gauge'>
  readonly owned: AsyncDisposableStack
  /** One line is enough for all workers. */
  readonly leads: boolean
}

const dayMs = 24 * 60 * 60_000

/** A certificate that was replaced ends an alert: the file is looked at as often as metrics are. */
const lookEveryMs = 15_000

/**
 * Says at the start, then daily and whenever it was replaced, when the certificate has ended or soon will, and tells the
 * metrics its end.
 */
export async function watchCertificateEnd(
  provider: CertificateProvider | undefined,
  services: CertificateEndServices,
): Promise<void> {
  if (provider === undefined) return
  const { metrics, owned, leads } = services
  let expiresAt = Number.NaN
  let attentionAt = Number.NaN
  let saidAt = Number.NEGATIVE_INFINITY
  const look = async () => {
    const before = expiresAt
    try {
      const facts = await provider.facts()
      expiresAt = facts?.expiresAt ?? Number.NaN
      attentionAt = facts?.attentionAt ?? Number.NaN
    } catch {
      return // the listener reads the same one and says what is wrong with it
    }
    if (Number.isNaN(expiresAt)) return
    const isNew = expiresAt !== before
    if (!isNew && services.clock.now() - saidAt < dayMs) return
    saidAt = services.clock.now()
    if (leads) logCertificateEnd(provider, { expiresAt, attentionAt }, { ...services, isNew })
  }
  await look()
  const help = 'End of the served certificate, or of its first intermediate to end, since the epoch.'
  metrics.gauge('certificate_not_after_timestamp_seconds', help, () => expiresAt / 1000, 'same')
  const attention = 'From when a person should see to the certificate: it ends soon, or was not renewed in time.'
  metrics.gauge('certificate_attention_timestamp_seconds', attention, () => attentionAt / 1000, 'same')
  const timer = setInterval(() => void look(), lookEveryMs).unref()
  owned.defer(() => clearInterval(timer))
}

export function logCertificateEnd(
  { said, remedy }: Pick<CertificateProvider, 'said' | 'remedy'>,
  { expiresAt, attentionAt }: Pick<ServedCertificate, 'expiresAt' | 'attentionAt'>,
  { clock, logger, isNew }: Pick<CertificateEndServices, 'clock' | 'logger'> & { readonly isNew?: boolean },
): void {
  const leftMs = expiresAt - clock.now()
  const facts = { certificate: said, notAfter: new Date(expiresAt).toISOString(), days: Math.floor(leftMs / dayMs) }
  if (leftMs <= 0) logger.error(facts, `the certificate has expired, and clients refuse it: ${remedy}`)
  else if (attentionAt <= clock.now()) logger.warn(facts, `the certificate expires soon: ${remedy}`)
  else if (isNew === true) logger.info(facts, 'the certificate is good')
}
