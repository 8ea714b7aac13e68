import { hostname, networkInterfaces } from 'node:os'
import type { AcmeConfig, CertificateConfig, Config } from '../config/config.ts'
import { CertificateAuthority } from '../domain/certificates/certificate-authority.ts'
import { certificateNames } from '../domain/certificates/certificate-names.ts'
import { overdueAt } from '../domain/certificates/renewal-time.ts'
import { ServedCertificates } from '../domain/certificates/served-certificates.ts'
import { makeTemporaryCertificate } from '../domain/certificates/x509.ts'
import type { Clock } from '../domain/clock.ts'
import { describeChain, readServedCertificate, type ServedCertificate } from '../http/served-certificate.ts'
import { readTlsPair, watchTlsFiles } from '../http/tls-reload.ts'
import type { Logger } from '../logging.ts'
import type { TlsPair } from '../runtime/listener.ts'
import { composeAcme, type Acme } from './acme.ts'
import type { Foundation } from './foundation.ts'

export interface CertificateFollower {
  readonly onChange: (pair: TlsPair) => Promise<void>
  readonly onRefused: (error: unknown) => void
}

/** Where the certificate of the listener comes from. */
export interface CertificateProvider {
  /** The pair to begin with. @throws when there is none that can be served */
  first(): Promise<TlsPair>
  /** Calls back whenever there is another one. Returns the function that ends it. */
  follow(current: TlsPair, follower: CertificateFollower): () => void
  /** What clients see; undefined before the first start. */
  facts(): Promise<ServedCertificate | undefined>
  /** For messages: the file, or what issues it. */
  readonly said: string
  /** What an operator does about one that ends. */
  readonly remedy: string
}

export interface Certificates {
  readonly authority: CertificateAuthority
  /** Undefined where the files of the configuration are served, or no HTTPS at all. */
  readonly served: ServedCertificates | undefined
  /** Undefined without HTTPS. */
  readonly provider: CertificateProvider | undefined
  /** With certificates from a service. */
  readonly acme: Acme | undefined
  /** Another process has stored a new certificate. */
  look(): void
}

/** The certificate of this registry, from wherever the configuration says. */
export function composeCertificates(
  config: Pick<Config, 'https' | 'outbound'>,
  {
    database,
    clock,
    events,
    secrets,
    signals,
  }: Pick<Foundation, 'database' | 'clock' | 'events' | 'secrets' | 'signals'>,
  { logger }: { readonly logger: Pick<Logger, 'error' | 'warn'> },
): Certificates {
  const { https } = config
  const services = { database, clock, events, secrets }
  const authority = new CertificateAuthority(services)
  const none = { authority, served: undefined, acme: undefined, look: () => {} }
  if (https === undefined) return { ...none, provider: undefined }
  const { certificate } = https
  if (certificate.from === 'files') return { ...none, provider: fromFiles(certificate) }
  const acme =
    certificate.from === 'acme'
      ? composeAcme(certificate.acme, config, { database, clock, secrets, logger })
      : undefined
  const looks: Looks = { look: () => {} }
  const served = new ServedCertificates({
    ...services,
    authority,
    plan: {
      source: certificate.from,
      // A service proves each name: those of this machine are none of its business.
      names: acme === undefined ? wantedNames(certificate.names) : certificateNames(certificate.names),
      keyType: certificate.keyType,
      lifetimeMs: certificate.lifetimeMs,
    },
    ...(acme === undefined ? {} : { obtain: acme.certificates.obtain }),
    onIssued: () => {
      signals.send({ kind: 'certificate' })
      looks.look()
    },
  })
  const issuer = certificate.from === 'acme' ? issuedByService(certificate.acme) : issuedHere(certificate, authority)
  const provider = fromDatabase({ issuer, served, looks, logger, clock })
  return { authority, served, acme, provider, look: () => looks.look() }
}

function fromFiles(files: Extract<CertificateConfig, { from: 'files' }>): CertificateProvider {
  return {
    said: files.certificateFile,
    remedy: 'put a new one into the file, it is taken over without a restart',
    first: () => readTlsPair(files),
    follow: (current, { onChange, onRefused }) => watchTlsFiles({ ...files, current, onChange, onRefused }),
    facts: () => readServedCertificate(files.certificateFile),
  }
}

/** A look that is asked for from elsewhere. */
interface Looks {
  look: () => void
}

/** What differs between those who issue what lies in the database. */
interface Issuer extends Pick<CertificateProvider, 'said' | 'remedy'> {
  readonly prepare: () => Promise<unknown>
  /** PEM of what clients must be told to trust. */
  readonly root: () => Promise<string | undefined>
}

const issuedHere = (
  { authorityName }: Extract<CertificateConfig, { from: 'authority' }>,
  authority: CertificateAuthority,
): Issuer => ({
  said: 'the registry’s own authority',
  remedy: renewsByItself,
  prepare: () => authority.ensure(authorityName),
  root: async () => (await authority.find())?.root,
})

const issuedByService = ({ directory }: AcmeConfig): Issuer => ({
  said: new URL(directory).host,
  remedy: renewsByItself,
  prepare: async () => {},
  root: async () => undefined,
})

const renewsByItself = 'it should have been renewed by itself: berth certificate status says why it was not'

interface DatabaseProvider {
  readonly issuer: Issuer
  readonly served: ServedCertificates
  readonly looks: Looks
  readonly clock: Clock
  readonly logger: Pick<Logger, 'error'>
}

/** What a process that heard no news finds out by itself. */
const lookEveryMs = 10_000

function fromDatabase({ issuer, served, looks, clock, logger }: DatabaseProvider): CertificateProvider {
  let servedSince: number | undefined
  const take = async () => {
    const pair = await served.find()
    servedSince = pair?.issuedAt
    // A service has to be asked first, and it asks back at the ports that are about to open.
    return pair ?? (await makeTemporaryCertificate(served.plan.names, clock.now()))
  }
  return {
    said: issuer.said,
    remedy: issuer.remedy,
    first: async () => {
      await issuer.prepare()
      // An old certificate is better than none: the registry starts, and the log says why there is no new one.
      await served.ensure().catch((error: unknown) => logger.error({ error }, 'the certificate could not be renewed'))
      return await take()
    },
    follow: (_current, { onChange, onRefused }) => {
      let looking = Promise.resolve()
      const look = async () => {
        if ((await served.issuedAt()) !== servedSince) await onChange(await take())
      }
      looks.look = () => void (looking = looking.then(look).catch(onRefused))
      const timer = setInterval(looks.look, lookEveryMs).unref()
      return () => {
        clearInterval(timer)
        looks.look = () => {}
      }
    },
    facts: async () => {
      const pair = await served.find()
      const root = await issuer.root()
      if (pair === undefined) return undefined
      const told = root === undefined ? {} : { isPrivate: true, authority: root }
      return { ...describeChain('the certificate', pair.certificate), attentionAt: overdueAt(pair), ...told }
    },
  }
}

/** Clients of this machine use these; an authority of one's own may sign them. */
const loopbackNames = ['localhost', '127.0.0.1', '::1']

function wantedNames(configured: readonly string[]): readonly string[] {
  if (configured.length > 0) return certificateNames([...configured, ...loopbackNames])
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const reachable = addresses.filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0)
  return certificateNames([hostname(), ...reachable.map(({ address }) => address), ...loopbackNames])
}
