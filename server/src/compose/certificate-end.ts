import type { Config } from '../config/config.ts'
import type { Clock } from '../domain/clock.ts'
import type { Metrics } from '../http/ops/metrics.ts'
import { readServedCertificate } from '../http/served-certificate.ts'
import type { Logger } from '../logging.ts'

export interface CertificateEndServices {
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly metrics: Pick<Metrics, 'gauge'>
  readonly owned: AsyncDisposableStack
  /** One line is enough for all workers. */
  readonly leads: boolean
}

const dayMs = 24 * 60 * 60_000
/** Renewal by hand takes days. */
const warnBeforeMs = 30 * dayMs

/** A certificate that was replaced ends an alert: the file is looked at as often as metrics are. */
const lookEveryMs = 15_000

/**
 * Says at the start, then daily and whenever it was replaced, when the certificate has ended or soon will, and tells the
 * metrics its end.
 */
export async function watchCertificateEnd(config: Config, services: CertificateEndServices): Promise<void> {
  const { https } = config
  if (https === undefined) return
  const { metrics, owned, leads } = services
  let expiresAt = Number.NaN
  let saidAt = Number.NEGATIVE_INFINITY
  const look = async () => {
    const before = expiresAt
    try {
      expiresAt = (await readServedCertificate(https.certificateFile)).expiresAt
    } catch {
      return // the listener reads the same file and says what is wrong with it
    }
    const isNew = expiresAt !== before
    if (!isNew && services.clock.now() - saidAt < dayMs) return
    saidAt = services.clock.now()
    if (leads) logCertificateEnd(https.certificateFile, expiresAt, { ...services, isNew })
  }
  await look()
  const help = 'End of the served certificate, or of its first intermediate to end, since the epoch.'
  metrics.gauge('certificate_not_after_timestamp_seconds', help, () => expiresAt / 1000, 'same')
  const timer = setInterval(() => void look(), lookEveryMs).unref()
  owned.defer(() => clearInterval(timer))
}

export function logCertificateEnd(
  file: string,
  expiresAt: number,
  { clock, logger, isNew }: Pick<CertificateEndServices, 'clock' | 'logger'> & { readonly isNew?: boolean },
): void {
  const leftMs = expiresAt - clock.now()
  const facts = { file, notAfter: new Date(expiresAt).toISOString(), days: Math.floor(leftMs / dayMs) }
  const remedy = 'put a new one into the file, it is taken over without a restart'
  if (leftMs <= 0) logger.error(facts, `the certificate has expired, and clients refuse it: ${remedy}`)
  else if (leftMs < warnBeforeMs) logger.warn(facts, `the certificate expires soon: ${remedy}`)
  else if (isNew === true) logger.info(facts, 'the certificate is good')
}
