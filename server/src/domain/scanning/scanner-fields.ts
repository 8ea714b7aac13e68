import { withoutTrailing } from '#contract/trailing.ts'
import { DomainError } from '../errors.ts'
import type { ScannerTable } from '../../database/schema/scanning.ts'
import type { ScannerAddress } from '../../clients/scanner/scanner-adapter.ts'
import { builtInName } from './scanners.ts'

/** The fields of a registration that is made, tried or changed, as a client sends them. */
export interface ScannerFields {
  readonly name: string
  readonly url: string
  readonly description: string
  readonly auth: string
  readonly credential: string
  readonly skipsCertificateCheck: boolean
  readonly usesInternalAddress: boolean
  readonly disabled: boolean
}

export interface CheckedScannerFields extends ScannerFields {
  readonly auth: ScannerTable['auth']
}

const auths: readonly string[] = ['', 'Basic', 'Bearer', 'APIKey'] satisfies ScannerTable['auth'][]
/** A line break in a header would be another header. */
const control = /\p{Cc}/u
const maxNameLength = 128
const maxUrlLength = 512
const maxCredentialLength = 512
const maxDescriptionLength = 1_024

/** @throws DomainError BAD_REQUEST, in Harbor's words */
export function checkScannerFields(fields: ScannerFields): CheckedScannerFields {
  const { auth, credential, description } = fields
  const name = checkedName(fields.name)
  const url = checkedUrl(fields.url)
  if (!auths.includes(auth)) throw refused(`auth type ${auth.slice(0, 100)} is not supported`)
  if (auth !== '' && credential === '') throw refused(`access_credential is required for auth type ${auth}`)
  if (credential.length > maxCredentialLength || control.test(credential))
    throw refused(`access_credential has ${maxCredentialLength} characters at the most, all of them printable`)
  if (description.length > maxDescriptionLength || description.includes('\0'))
    throw refused(`a description has ${maxDescriptionLength} characters at the most`)
  // What is not used is not kept.
  return { ...fields, name, url, auth: auth as ScannerTable['auth'], credential: auth === '' ? '' : credential }
}

export const addressOfFields = (fields: CheckedScannerFields): ScannerAddress => ({
  url: fields.url,
  auth: fields.auth,
  credential: fields.credential,
  insecure: fields.skipsCertificateCheck,
})

function checkedName(name: string): string {
  if (name === '') throw refused('missing registration name')
  if (name.length > maxNameLength || control.test(name))
    throw refused(`a registration name has ${maxNameLength} characters at the most, all of them printable`)
  if (name === builtInName) throw refused(`name "${name}" is reserved, please try a different name`)
  return name
}

/** Without what an address of an adapter cannot have: a query, a fragment, a user; `http://` where there is no scheme. */
function checkedUrl(written: string): string {
  const text = withoutTrailing(written.trim(), '/')
  if (text === '') throw invalidUrl('empty string')
  const withScheme = text.includes('://') ? text : `http://${text}`
  if (withScheme.length > maxUrlLength || !URL.canParse(withScheme))
    throw invalidUrl(`invalid URL: ${text.slice(0, 100)}`)
  const { protocol, host, pathname } = new URL(withScheme)
  if (protocol !== 'http:' && protocol !== 'https:') throw invalidUrl(`invalid HTTP scheme: ${protocol.slice(0, -1)}`)
  if (host === '') throw invalidUrl(`invalid URL: ${text.slice(0, 100)}`)
  return withoutTrailing(`${protocol}//${host}${pathname}`, '/')
}

const refused = (message: string): DomainError => new DomainError('BAD_REQUEST', message)
const invalidUrl = (why: string): DomainError => refused(`scanner registration validate: ${why}`)
