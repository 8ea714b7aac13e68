import { randomBytes } from 'node:crypto'
import { DomainError } from '../errors.ts'
import { notifyTypes, payloadFormats, type NotifyType, type PayloadFormat } from './event-words.ts'
import { parseTemplate } from './template.ts'

/** Where a policy sends what happens. */
export interface Target {
  /** Its name within the policy, in deliveries: stays when another target is added or taken away. */
  readonly key: string
  readonly type: NotifyType
  /** As it was given, query included: chats keep their token there. */
  readonly address: string
  /** The value of an Authorization header. Of `http` alone. */
  readonly authHeader: string
  readonly skipCertificateCheck: boolean
  /** Of `http` alone. */
  readonly format: PayloadFormat
  /** Text of `Template`. */
  readonly template: string
  /** What messages are signed with: by Standard Webhooks, by the sign of DingTalk and Feishu. Empty: they are not. */
  readonly signingSecret: string
}

/** A target as somebody gives it. `signingSecret` is left out by who leaves it as it is. */
export interface GivenTarget {
  readonly type: string
  readonly address: string
  readonly authHeader: string
  readonly skipCertificateCheck: boolean
  readonly format: string
  readonly template: string
  readonly signingSecret: string | undefined
}

const maxTargets = 20
const maxAddressLength = 2_048
const maxHeaderLength = 4_096
const maxSecretLength = 512
const signed: readonly NotifyType[] = ['http', 'dingtalk', 'feishu']

/**
 * The targets of a policy, checked, each with the key and the secret of the one among `before` that it takes the place of.
 * @throws DomainError BAD_REQUEST in Harbor's words
 */
export function parseTargets(name: string, given: readonly GivenTarget[], before: readonly Target[] = []): Target[] {
  if (given.length === 0) throw refused(`empty notification target with policy ${name}`)
  if (given.length > maxTargets) throw refused(`a policy has ${maxTargets} targets at the most`)
  const left = [...before]
  return given.map((each) => {
    const parsed = parseTarget(name, each)
    // The same address first. A secret stays with it: sent elsewhere, it would be told to somebody else.
    const at = left.findIndex(({ type, address }) => type === parsed.type && address === parsed.address)
    const [known] = at < 0 ? [] : left.splice(at, 1)
    const signingSecret = each.signingSecret ?? known?.signingSecret ?? ''
    return { ...parsed, key: known?.key ?? randomBytes(6).toString('hex'), signingSecret }
  })
}

function parseTarget(policy: string, given: GivenTarget): Omit<Target, 'key' | 'signingSecret'> {
  const { type, authHeader, skipCertificateCheck, template, signingSecret = '' } = given
  const address = parseAddress(given.address)
  if (!isNotifyType(type)) throw refused(`unsupported target type ${type.slice(0, 100)} with policy ${policy}`)
  if (type !== 'http' && given.format !== '') throw refused(`set payload format is not allowed for ${type}`)
  const format = given.format === '' ? 'Default' : given.format
  if (!isPayloadFormat(format)) throw refused(`unsupported payload format type: ${format.slice(0, 100)}`)
  if (authHeader.length > maxHeaderLength || /[^\t\u0020-\u007e\u0080-\u00ff]/.test(authHeader))
    throw refused(`auth_header is the value of a header: one line of ${maxHeaderLength} characters at the most`)
  if (signingSecret.length > maxSecretLength)
    throw refused(`a signing secret has ${maxSecretLength} characters at the most`)
  if (signingSecret.startsWith('whsec_') && !/^[A-Za-z0-9+/]{20,}={0,2}$/.test(signingSecret.slice('whsec_'.length)))
    throw refused('a signing secret that begins with whsec_ goes on in base64, of 16 bytes at the least')
  if (signingSecret !== '' && !signed.includes(type)) throw refused(`messages to ${type} cannot be signed`)
  if (format === 'Template') parseTemplate(template)
  else if (template !== '') throw refused('a template belongs to the payload format Template')
  return { type, address, authHeader: type === 'http' ? authHeader : '', skipCertificateCheck, format, template }
}

const isNotifyType = (type: string): type is NotifyType => (notifyTypes as readonly string[]).includes(type)
const isPayloadFormat = (format: string): format is PayloadFormat =>
  (payloadFormats as readonly string[]).includes(format)

/** As Harbor takes it: without a scheme it is http. */
function parseAddress(text: string): string {
  if (text.trim() === '') throw refused('empty URL')
  if (text.length > maxAddressLength) throw refused(`an address has ${maxAddressLength} characters at the most`)
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  if (scheme !== undefined && !/^https?$/i.test(scheme)) throw refused(`invalid scheme: ${scheme.slice(0, 40)}`)
  const address = scheme === undefined ? `http://${text}` : text
  if (!URL.canParse(address)) throw refused(`invalid URL: ${text.slice(0, 200)}`)
  const { username, password } = new URL(address)
  if (username + password !== '') throw refused('an address has no username and password: give an auth_header')
  return address
}

const refused = (message: string): DomainError => new DomainError('BAD_REQUEST', message)
