import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import type { AuthorityFacts } from '../../../domain/certificates/certificate-authority.ts'
import type { CertificateStatus } from '../../../domain/certificates/served-certificates.ts'
import { fingerprintOf } from '../../../domain/certificates/x509.ts'
import { issuerNameOf } from '../../served-certificate.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { harborError } from '../frame/harbor-error.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const tag = 'certificate'

const authorityAnswer = z.object({
  subject: z.string(),
  fingerprint: z.string().describe('SHA-256 of the root, in hexadecimal with colons.'),
  root_certificate: z.string().describe('PEM.'),
  root_expires_at: timeAnswer,
  issuer_expires_at: timeAnswer,
  root_key_kept: z.boolean().describe('Whether the registry has the key of the root, and renews the issuer by itself.'),
  creation_time: timeAnswer,
})

const statusAnswer = z.object({
  source: z.enum(['files', 'authority', 'acme', 'none']).describe('`none`: TLS ends elsewhere, or is not used.'),
  names: z.array(z.string()),
  issuer: z.string().optional(),
  fingerprint: z.string().optional(),
  not_before: timeAnswer.optional(),
  expires_at: timeAnswer.optional(),
  next_attempt_at: timeAnswer.optional().describe('When the next certificate is asked for.'),
  failures: z.number().int().describe('Failed attempts since the last certificate.'),
  last_error: z.string().optional(),
  last_failed_at: timeAnswer.optional(),
})

const pem = z.string().max(65_536)
const issuerFields = {
  issuer_certificate: pem.describe('PEM of the authority below the root that signs certificates.'),
  issuer_key: pem.describe('PEM of its private key, without a passphrase.'),
}

const authorityBody = z.union([
  z.strictObject({ ...issuerFields, root_certificate: pem.describe('PEM of the root, whose key stays elsewhere.') }),
  z.strictObject({
    name: z.string().trim().min(1).max(64).optional().describe('People see it in their lists of trust.'),
  }),
])

/** Beyond Harbor. */
export const certificateRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/certificates/authority',
    tag,
    operationId: 'getCertificateAuthority',
    summary: 'The registry’s own certificate authority, which clients are told to trust.',
    access: { kind: 'anyone' },
    answers: { 200: authorityAnswer, 404: null },
    handle: async (_call, { certificates }) => ({ body: presentAuthority(await certificates.authority.get()) }),
  }),

  route({
    method: 'POST',
    path: '/certificates/authority',
    tag,
    operationId: 'createCertificateAuthority',
    summary: 'Makes an authority, or takes one whose root’s key is kept elsewhere.',
    access: { kind: 'system-administrator' },
    body: authorityBody,
    answers: { 201: authorityAnswer, 409: null },
    handle: async ({ actor, body }, { certificates }) => {
      const brought = 'root_certificate' in body ? { root: body.root_certificate, issuer: issuerIn(body) } : undefined
      const name = 'name' in body ? body.name : undefined
      const made = await certificates.authority.create(actor, name ?? 'Berth', brought)
      return { status: 201, body: presentAuthority(made) }
    },
  }),

  route({
    method: 'PUT',
    path: '/certificates/authority/issuer',
    tag,
    operationId: 'renewCertificateIssuer',
    summary: 'Takes a new issuer that the same root has signed elsewhere.',
    access: { kind: 'system-administrator' },
    body: z.strictObject(issuerFields),
    answers: { 200: authorityAnswer, 404: null },
    handle: async ({ actor, body }, { certificates }) => ({
      body: presentAuthority(await certificates.authority.renewIssuer(actor, issuerIn(body))),
    }),
  }),

  route({
    method: 'GET',
    path: '/certificates/served',
    tag,
    operationId: 'getServedCertificate',
    summary: 'The certificate that clients see: its names, its end, its next renewal, the last error.',
    access: { kind: 'system-administrator' },
    answers: { 200: statusAnswer },
    handle: async (_call, services) => ({ body: await presentServed(services) }),
  }),

  route({
    method: 'POST',
    path: '/certificates/served/renewal',
    tag,
    operationId: 'renewServedCertificate',
    summary: 'Asks for a new certificate now. The old one is served until it is there.',
    access: { kind: 'system-administrator' },
    answers: { 202: null, 412: null },
    handle: async ({ actor }, { certificates }) => {
      if (certificates.served === undefined)
        return harborError(
          412,
          'PRECONDITION',
          'the certificate is not the registry’s to renew: it comes from files, or TLS ends elsewhere (https.issuer)',
        )
      await certificates.served.request(actor)
      return { status: 202 }
    },
  }),
]

const issuerIn = (body: { readonly issuer_certificate: string; readonly issuer_key: string }) => ({
  certificate: body.issuer_certificate,
  privateKey: body.issuer_key,
})

function presentAuthority(facts: AuthorityFacts): z.input<typeof authorityAnswer> {
  return {
    subject: facts.subject,
    fingerprint: facts.fingerprint,
    root_certificate: facts.root,
    root_expires_at: timeOf(facts.rootNotAfter),
    issuer_expires_at: timeOf(facts.issuerNotAfter),
    root_key_kept: facts.rootKept,
    creation_time: timeOf(facts.createdAt),
  }
}

async function presentServed({
  certificates,
  system,
}: Pick<HarborServices, 'certificates' | 'system'>): Promise<z.input<typeof statusAnswer>> {
  if (certificates.served !== undefined) return presentStatus(await certificates.served.status())
  const served = await system.certificate()
  if (served === undefined) return { source: 'none', names: [], failures: 0 }
  return {
    source: 'files',
    names: [...served.names],
    issuer: served.issuer,
    fingerprint: served.fingerprint,
    not_before: timeOf(served.notBefore),
    expires_at: timeOf(served.expiresAt),
    failures: 0,
  }
}

function presentStatus({
  source,
  served,
  failures,
  lastError,
  failedAt,
  nextAt,
}: CertificateStatus): z.input<typeof statusAnswer> {
  const leaf = served === undefined ? undefined : new X509Certificate(served.certificate)
  return {
    source,
    names: [...(served?.names ?? [])],
    ...(served === undefined || leaf === undefined
      ? {}
      : {
          issuer: issuerNameOf(leaf),
          fingerprint: fingerprintOf(served.certificate),
          not_before: timeOf(served.notBefore),
          expires_at: timeOf(served.notAfter),
        }),
    next_attempt_at: timeOf(nextAt),
    failures,
    ...(lastError === undefined ? {} : { last_error: lastError }),
    ...(failedAt === undefined ? {} : { last_failed_at: timeOf(failedAt) }),
  }
}
