import type { Inventory } from '../../inventory.ts'
import { contentOf } from '../file-content.ts'
import { isTable, jsonTextOf, stringAt, tableAt } from '../formats/json.ts'
import { textOf } from '../file-content.ts'
import { damaged, Unreadable, verdictOf } from '../verdict.ts'
import { isCycloneDx, readCycloneDx } from './read-cyclonedx.ts'
import { isSpdx, readSpdx, readSpdxTagValue } from './read-spdx.ts'

export type BomFormat = 'cyclonedx' | 'spdx' | 'spdx-tag-value'

export interface ReadBom {
  readonly format: BomFormat
  readonly inventory: Inventory
}

export const maxBomBytes = 64 * 1024 * 1024
/** DSSE around a statement of in-toto, around a document that cosign put into `Data`. */
const maxWrappings = 6

/**
 * A bill of materials that somebody else made: CycloneDX and SPDX as JSON, SPDX as tags and values, each also as the
 * predicate of an in-toto statement, signed (DSSE) or not. A signature is not checked here.
 * @throws Unreadable
 */
export function readBom(bytes: Uint8Array): ReadBom {
  try {
    const text = textOf(contentOf(bytes), maxBomBytes).trimStart()
    if (!text.startsWith('{')) return fromTagValue(text)
    return fromJson(jsonOfText(text))
  } catch (error) {
    throw verdictOf(error)
  }
}

/** Attestations are lines of JSON; the first one is read. */
function jsonOfText(text: string): unknown {
  try {
    return jsonTextOf(text)
  } catch (error) {
    const end = text.indexOf('\n')
    if (end === -1 || !(error instanceof SyntaxError)) throw error
    return jsonTextOf(text.slice(0, end))
  }
}

function fromTagValue(text: string): ReadBom {
  if (!/^(?:[^\n]*\n){0,50}?SPDXVersion:/.test(text.slice(0, 20_000))) throw unknownFormat()
  return { format: 'spdx-tag-value', inventory: readSpdxTagValue(text) }
}

function fromJson(json: unknown): ReadBom {
  let inner = json
  for (let wrapping = 0; wrapping < maxWrappings; wrapping++) {
    if (isCycloneDx(inner)) return { format: 'cyclonedx', inventory: readCycloneDx(inner) }
    if (isSpdx(inner)) return { format: 'spdx', inventory: readSpdx(inner) }
    const next = unwrapped(inner)
    if (next === undefined) throw unknownFormat()
    inner = next
  }
  throw new Unreadable('TOO_DEEP', 'it is wrapped too often')
}

function unwrapped(json: unknown): unknown {
  // DSSE: the payload is Base64; Sigstore's bundle has it one level deeper.
  const payload = stringAt(json, 'payload') || stringAt(tableAt(json, 'dsseEnvelope'), 'payload')
  if (payload !== '') return jsonTextOf(Buffer.from(payload, 'base64').toString('utf8'))
  const predicate = isTable(json) ? (json.predicate ?? json.Data) : undefined
  if (typeof predicate === 'string') {
    if (predicate.length > maxBomBytes) throw damaged('its predicate is too long')
    return jsonTextOf(predicate)
  }
  return isTable(predicate) ? predicate : undefined
}

const unknownFormat = (): Unreadable =>
  new Unreadable(
    'UNSUPPORTED',
    'it is no bill of materials that is known: CycloneDX as JSON, or SPDX 2.2 or 2.3 as JSON or tags',
  )
