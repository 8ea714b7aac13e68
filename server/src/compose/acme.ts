import { readFile } from 'node:fs/promises'
import { AcmeClient } from '../clients/acme/acme-client.ts'
import { composeDnsHook } from '../clients/acme/dns-hook.ts'
import type { AcmeConfig, Config } from '../config/config.ts'
import { AcmeChallenges, ensureAcmeAccount } from '../domain/certificates/acme-records.ts'
import { AcmeCertificates } from '../domain/certificates/obtain-by-acme.ts'
import type { Logger } from '../logging.ts'
import type { Foundation } from './foundation.ts'

/** What gets certificates from a service, and what answers its questions. */
export interface Acme {
  readonly certificates: AcmeCertificates
  readonly challenges: AcmeChallenges
}

export function composeAcme(
  acme: AcmeConfig,
  { outbound }: Pick<Config, 'outbound'>,
  {
    database,
    clock,
    secrets,
    logger,
  }: Pick<Foundation, 'database' | 'clock' | 'secrets'> & { readonly logger: Pick<Logger, 'warn'> },
): Acme {
  const challenges = new AcmeChallenges({ database, clock })
  const certificates = new AcmeCertificates({
    challenges,
    challenge: acme.challenge,
    dns: acme.dnsCommand === undefined ? undefined : composeDnsHook(acme.dnsCommand),
    open: async () =>
      new AcmeClient({
        directory: new URL(acme.directory),
        authority: acme.caFile === undefined ? undefined : await readFile(acme.caFile, 'utf8'),
        allowLocal: outbound.allowLocal,
        account: await ensureAcmeAccount({ database, clock, secrets }, acme.directory),
        agreed: acme.agreed,
        email: acme.email,
        externalAccount: acme.externalAccount,
      }),
    onUnheard: (error) => logger.warn({ error }, 'the service of certificates was not heard about the time of renewal'),
  })
  return { certificates, challenges }
}
