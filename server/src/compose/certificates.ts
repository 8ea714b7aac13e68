import { hostname, networkInterfaces } from 'node:os'
import type { CertificateConfig, Config } from '../config/config.ts'
import { CertificateAuthority } from '../domain/certificates/certificate-authority.ts'
import { certificateNames } from '../domain/certificates/certificate-names.ts'
import { overdueAt } from '../domain/certificates/renewal-time.ts'
import { ServedCertificates } from '../domain/certificates/served-certificates.ts'
import { describeChain, readServedCertificate, type ServedCertificate } from '../http/served-certificate.ts'
import { readTlsPair, watchTlsFiles } from '../http/tls-reload.ts'
import type { Logger } from '../logging.ts'
import type { TlsPair } from '../runtime/listener.ts'
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
  /** Another process has stored a new certificate. */
  look(): void
}

/** The certificate of this registry, from wherever the configuration says. */
export function composeCertificates(
  { https }: Pick<Config, 'https'>,
  { database, clock, events, signals }: Pick<Foundation, 'database' | 'clock' | 'events' | 'signals'>,
  { logger }: { readonly logger: Pick<Logger, 'error'> },
): Certificates {
  const services = { database, clock, events }
  const authority = new CertificateAuthority(services)
  if (https === undefined) return { authority, served: undefined, provider: undefined, look: () => {} }
  const { certificate } = https
  if (certificate.from === 'files')
    return { authority, served: undefined, provider: fromFiles(certificate), look: () => {} }
  const looks: Looks = { look: () => {} }
  const served = new ServedCertificates({
    ...services,
    authority,
    plan: {
      source: certificate.from,
      names: wantedNames(certificate.names),
      keyType: certificate.keyType,
      lifetimeMs: certificate.lifetimeMs,
    },
    onIssued: () => {
      signals.send({ kind: 'certificate' })
      looks.look()
    },
  })
  const provider = fromAuthority({ certificate, authority, served, looks, logger })
  return { authority, served, provider, look: () => looks.look() }
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

interface AuthorityProvider {
  readonly certificate: Extract<CertificateConfig, { from: 'authority' }>
  readonly authority: CertificateAuthority
  readonly served: ServedCertificates
  readonly looks: Looks
  readonly logger: Pick<Logger, 'error'>
}

/** What a process that heard no news finds out by itself. */
const lookEveryMs = 10_000

function fromAuthority({ certificate, authority, served, looks, logger }: AuthorityProvider): CertificateProvider {
  let servedSince: number | undefined
  const take = async () => {
    const pair = await served.find()
    if (pair === undefined) throw new Error('there is no certificate in the database')
    servedSince = pair.issuedAt
    return pair
  }
  return {
    said: 'the registry’s own authority',
    remedy: 'it should have been renewed by itself: berth certificate status says why it was not',
    first: async () => {
      await authority.ensure(certificate.authorityName)
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
      const root = (await authority.find())?.root
      if (pair === undefined) return undefined
      return {
        ...describeChain('the certificate', pair.certificate),
        attentionAt: overdueAt(pair),
        isPrivate: true,
        authority: root,
      }
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
