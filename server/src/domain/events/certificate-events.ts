import { eventKind } from './event-kind.ts'

interface OnCertificate {
  readonly names: readonly string[]
  readonly source: string
}

/** `username`: what tried, in the place of a person. */
interface FailedIssue {
  readonly failed: true
  readonly username: string
  readonly reason: string
}

const firstName = ({ names }: OnCertificate): string => names[0] ?? 'certificate'
const fingerprint = (fields: { readonly fingerprint: string }): string => fields.fingerprint

/** The certificate that clients see, and the authority of one's own. */
export const certificateEvents = {
  create_certificate_authority: eventKind<{ readonly fingerprint: string; readonly rootKept: boolean }>(fingerprint),
  renew_certificate_issuer: eventKind<{ readonly fingerprint: string }>(fingerprint),
  issue_certificate: eventKind<OnCertificate & { readonly notAfter: string }>(firstName),
  fail_certificate: eventKind<OnCertificate & FailedIssue>(firstName),
  request_certificate: eventKind<OnCertificate>(firstName),
}
