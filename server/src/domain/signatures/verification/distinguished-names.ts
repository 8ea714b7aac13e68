import type { ASN1Obj } from '@sigstore/core'
import { SignatureRefused } from './refusals.ts'

/** A part of a name: `O=Notary`. */
export interface NamePart {
  readonly attribute: string
  readonly value: string
}

const attributes: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.17': 'POSTALCODE',
  '1.2.840.113549.1.9.1': 'EMAILADDRESS',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
}

/** The way people write them, in the names that certificates use. */
const synonyms: Readonly<Record<string, string>> = { S: 'ST', STATE: 'ST', COUNTRY: 'C', E: 'EMAILADDRESS' }

/** A Name of a certificate (RFC 5280 §4.1.2.4), the last part first as RFC 4514 writes it. */
export function namePartsOf(name: ASN1Obj): NamePart[] {
  return name.subs
    .flatMap((set) => set.subs)
    .map((pair) => {
      const [type, value] = pair.subs
      if (type === undefined || value === undefined)
        throw new SignatureRefused('malformed', 'a name has a part without value')
      const oid = type.toOID()
      return { attribute: attributes[oid] ?? oid, value: textOf(value) }
    })
    .reverse()
}

/** BMPString is of two bytes a character; the other kinds of text are UTF-8 or a part of it. */
function textOf({ tag, value }: ASN1Obj): string {
  return tag.number === 0x1e ? Buffer.from(value).swap16().toString('utf16le') : value.toString('utf8')
}

/** As RFC 4514 writes a name. */
export function formatName(parts: readonly NamePart[]): string {
  return parts.map(({ attribute, value }) => `${attribute}=${value.replace(/[,+"\\<>;]/g, '\\$&')}`).join(', ')
}

/** A name as people write it in a trust policy. @throws SignatureRefused */
export function parseName(text: string): NamePart[] {
  const parts: NamePart[] = []
  let part = ''
  const finish = () => {
    const equals = part.indexOf('=')
    const attribute = part.slice(0, equals).trim().toUpperCase()
    const value = unescaped(part.slice(equals + 1).trim())
    if (equals < 0 || attribute === '' || value === '') {
      throw new SignatureRefused('malformed', `the name ${JSON.stringify(text)} has a part without attribute or value`)
    }
    parts.push({ attribute: synonyms[attribute] ?? attribute, value })
    part = ''
  }
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '\\') {
      part += character + text.charAt(at + 1)
      at += 1
    } else if (character === ',' || character === ';' || character === '+') finish()
    else part += character
  }
  finish()
  const twice = parts.find(({ attribute }, at) => parts.findIndex((each) => each.attribute === attribute) !== at)
  if (twice !== undefined) {
    throw new SignatureRefused('malformed', `the name ${JSON.stringify(text)} has ${twice.attribute} twice`)
  }
  return parts
}

const unescaped = (value: string): string => value.replace(/\\(.)/g, '$1')

/** Every part of `wanted` stands in `name`, with this very value and once. */
export function nameCovers(name: readonly NamePart[], wanted: readonly NamePart[]): boolean {
  return wanted.every(({ attribute, value }) => {
    const found = name.filter((part) => part.attribute === attribute)
    return found.length === 1 && found[0]!.value === value
  })
}
