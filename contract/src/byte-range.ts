/** Part of some bytes, both ends inclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export type RequestedRange =
  | { readonly kind: 'whole' }
  | ({ readonly kind: 'part' } & ByteRange)
  /** Two at least, ascending, none touching another's bytes: together no more than the whole. */
  | { readonly kind: 'parts'; readonly parts: readonly ByteRange[] }
  | { readonly kind: 'unsatisfiable' }

const whole: RequestedRange = { kind: 'whole' }
const unsatisfiable: RequestedRange = { kind: 'unsatisfiable' }

const maxHeaderLength = 16_384

/** Clients that pull parts of a layer ask for a few hundred at a time. */
export const maxRanges = 512
const oneRange = /^[ \t]*(\d*)[ \t]*-[ \t]*(\d*)[ \t]*$/

/**
 * The bytes that a Range header asks of `size` bytes (RFC 9110 §14.2). Several ranges are answered when they ascend and
 * do not overlap, so that no answer is larger than the whole. Others, other units and unreadable headers get the whole,
 * as the RFC allows. An end before its start gets 416: the RFC lets a server ignore it, the OCI conformance suite does
 * not.
 */
export function parseRangeHeader(header: string | null, size: number): RequestedRange {
  // The listener takes no longer header; a caller that does not pass through it is held to the same.
  if (header === null || header.length > maxHeaderLength) return whole
  const set = /^bytes[ \t]*=(.*)$/i.exec(header.trim())?.[1]
  if (set === undefined) return whole
  const specs = set.split(',', maxRanges + 1)
  if (specs.length > maxRanges) return whole
  const ranges = specs.map((spec) => parseSpec(spec, size))
  if (ranges.includes('unreadable')) return whole
  const [first] = ranges
  if (ranges.length === 1) return oneOf(first!)
  // RFC 9110 §14.1.2: those that begin behind the end are left out, unless all of them do.
  const parts = ranges.filter((range): range is ByteRange => typeof range === 'object')
  if (parts.length === 0) return unsatisfiable
  const ascend = parts.every(({ start }, index) => index === 0 || start > parts[index - 1]!.end)
  if (!ascend) return whole
  return parts.length === 1 ? oneOf(parts[0]!) : { kind: 'parts', parts }
}

type Spec = ByteRange | 'unsatisfiable' | 'unreadable' | 'everything'

function oneOf(spec: Spec): RequestedRange {
  if (typeof spec === 'object') return { kind: 'part', ...spec }
  return spec === 'unsatisfiable' ? unsatisfiable : whole
}

function parseSpec(spec: string, size: number): Spec {
  const [, first = '', last = ''] = oneRange.exec(spec) ?? []
  if (first === '') {
    if (last === '') return 'unreadable'
    const suffix = Number(last)
    if (suffix === 0) return 'unsatisfiable'
    // Nothing has no last bytes, and no Content-Range could say so: the (empty) whole it is.
    if (size === 0) return 'everything'
    return { start: Math.max(0, size - suffix), end: size - 1 }
  }
  const start = Number(first)
  if (start >= size) return 'unsatisfiable'
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return end < start ? 'unsatisfiable' : { start, end }
}

// No more digits than are exact in a number.
const contentRange = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\*|\d{1,15}))?$/

/**
 * The place of a chunk in an upload: `START-END` without a unit (distribution-spec v1.1 §pushing-a-blob-in-chunks);
 * the HTTP form `bytes START-END/*` of older Docker clients is understood too. Undefined when it is neither.
 */
export function parseContentRange(header: string): ByteRange | undefined {
  const match = header.length > maxHeaderLength ? null : contentRange.exec(header.trim())
  if (match === null) return undefined
  const start = Number(match[1])
  const end = Number(match[2])
  return end < start ? undefined : { start, end }
}
