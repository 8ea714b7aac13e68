import { createHash } from 'node:crypto'
import type {
  AcmeChallenge,
  AcmeService,
  ChallengeType,
  DnsRecord,
  DnsRecords,
} from '../../clients/acme/acme-service.ts'
import type { AcmeChallenges } from './acme-records.ts'
import type { ObtainCertificate, ServedCertificates } from './served-certificates.ts'
import { assertBelongsTo, makeCertificateRequest, renewalNameOf } from './x509.ts'

export interface AcmeServices {
  /** The service with the account of the moment. */
  readonly open: () => Promise<AcmeService>
  readonly challenge: ChallengeType
  readonly challenges: AcmeChallenges
  /** With `dns-01`. */
  readonly dns: DnsRecords | undefined
  readonly chance?: () => number
  /** An opinion about renewal that could not be heard: the plan stays as it was. */
  readonly onUnheard?: (error: unknown) => void
}

/** Gets certificates by ACME, with the names proven by what the configuration says. */
export class AcmeCertificates {
  readonly #services: AcmeServices

  constructor(services: AcmeServices) {
    this.#services = services
  }

  readonly obtain: ObtainCertificate = async (plan, before) => {
    const service = await this.#services.open()
    const { request, privateKey } = await makeCertificateRequest(plan.names, plan.keyType)
    const certificate = await service.issue({
      names: plan.names,
      request,
      challenge: this.#services.challenge,
      prove: (challenge) => this.#prove(challenge),
      replaces: before === undefined ? undefined : renewalNameOf(before.certificate),
    })
    assertBelongsTo(certificate, privateKey, plan.names)
    const renewAt = await this.#plannedBy(service, certificate)
    return { certificate, privateKey, ...(renewAt === undefined ? {} : { renewAt }) }
  }

  /** Asks the service again when the served certificate should be renewed: it may have to revoke many at once. */
  async reconsider(served: ServedCertificates): Promise<void> {
    const pair = await served.find()
    if (pair === undefined) return
    const service = await this.#services.open()
    const renewalName = renewalNameOf(pair.certificate)
    const window = renewalName === undefined ? undefined : await service.renewalWindow(renewalName)
    // A moment that was drawn inside the window stays: drawing again and again would drift to its beginning.
    if (window === undefined || (pair.renewAt >= window.start && pair.renewAt <= window.end)) return
    await served.reschedule(pair, this.#momentIn(window))
  }

  async #plannedBy(service: AcmeService, certificate: string): Promise<number | undefined> {
    const renewalName = renewalNameOf(certificate)
    if (renewalName === undefined) return undefined
    try {
      const window = await service.renewalWindow(renewalName)
      return window === undefined ? undefined : this.#momentIn(window)
    } catch (error) {
      // The certificate is here, and an opinion about its end is not worth losing it.
      this.#services.onUnheard?.(error)
      return undefined
    }
  }

  #momentIn({ start, end }: { readonly start: number; readonly end: number }): number {
    return Math.round(start + (end - start) * (this.#services.chance ?? Math.random)())
  }

  async #prove(challenge: AcmeChallenge): Promise<() => Promise<void>> {
    const { challenges, dns } = this.#services
    if (challenge.type === 'http-01') return await challenges.put(challenge)
    if (dns === undefined) throw new TypeError('dns-01 without a command that sets records')
    const record = dnsRecordOf(challenge)
    await dns.present(record)
    return () => dns.cleanUp(record)
  }
}

/** RFC 8555, 8.4. */
export function dnsRecordOf({ name, keyAuthorization }: Pick<AcmeChallenge, 'name' | 'keyAuthorization'>): DnsRecord {
  return {
    name: `_acme-challenge.${name}.`,
    value: createHash('sha256').update(keyAuthorization).digest('base64url'),
  }
}
