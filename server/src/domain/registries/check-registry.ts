import { withoutTrailing } from '#contract/trailing.ts'
import { refusalOfCertificates } from '../../runtime/pem.ts'
import { DomainError } from '../errors.ts'
import { registryTypes } from './registry-types.ts'

/** The fields of a remote registry that is made, tried or changed. */
export interface RegistryFields {
  readonly name: string
  readonly type: string
  readonly url: string
  readonly description: string
  readonly insecure: boolean
  readonly authority: string | undefined
  readonly credentialType: string
  readonly accessKey: string
  readonly accessSecret: string
}

export type RegistryChange = { readonly [Key in keyof RegistryFields]?: RegistryFields[Key] | undefined }

const maxTextLength = 1_024
const maxSecretLength = 16_384
const maxAuthorityLength = 65_536
const maxNameLength = 255

/** In Harbor's words, as far as it refuses the same. @throws DomainError BAD_REQUEST */
export function checked(fields: RegistryFields): RegistryFields {
  const { name, type, description, accessKey, accessSecret, authority = '' } = fields
  const refuse = (message: string): never => {
    throw new DomainError('BAD_REQUEST', message)
  }
  if (name === '') refuse('name cannot be empty')
  if (name.length > maxNameLength || name.includes('\u0000')) refuse(`the max length of name is ${maxNameLength}`)
  if (!Object.hasOwn(registryTypes, type))
    refuse(
      `registries of type "${type.slice(0, 100)}" are not known here: ${Object.keys(registryTypes).join(', ')} are`,
    )
  if (description.length > maxTextLength || accessKey.length > maxTextLength || accessSecret.length > maxSecretLength)
    refuse('the description or the credential is too long')
  if (authority.length > maxAuthorityLength) refuse('ca_certificate is too long')
  const why = authority === '' ? undefined : refusalOfCertificates(authority)
  if (why !== undefined) refuse(`ca_certificate ${why}`)
  return { ...fields, url: parseUrl(fields.url), credentialType: fields.credentialType || 'basic' }
}

/** @throws DomainError BAD_REQUEST */
function parseUrl(text: string): string {
  if (text.trim() === '') throw unusableUrl('empty string')
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = text.length <= maxTextLength && URL.canParse(withScheme) ? new URL(withScheme) : undefined
  const usable =
    url !== undefined &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username + url.password + url.search + url.hash === ''
  if (!usable) {
    const isOther = url !== undefined && !url.protocol.startsWith('http')
    throw unusableUrl(isOther ? `invalid HTTP scheme: ${url.protocol.slice(0, -1)}` : 'invalid URL')
  }
  return withoutTrailing(url.href, '/')
}

function unusableUrl(why: string): DomainError {
  return new DomainError('BAD_REQUEST', `${why}: the url of a registry looks like https://registry.example.org`)
}
