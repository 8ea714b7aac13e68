/** Part of some bytes, both ends inclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export type RequestedRange =
  | { readonly kind: 'whole' }
  | ({ readonly kind: 'part' } & ByteRange)
  | { readonly kind: 'unsatisfiable' }

const whole: RequestedRange = { kind: 'whole' }
const unsatisfiable: RequestedRange = { kind: 'unsatisfiable' }

const maxHeaderLength = 16_384

/**
 * The bytes that a Range header asks of `size` bytes (RFC 9110 §14.2). Several ranges, other units and unreadable
 * headers get the whole, as the RFC allows. An end before its start gets 416: the RFC lets a server ignore it, the OCI
 * conformance suite does not.
 */
export function parseRangeHeader(header: string | null, size: number): RequestedRange {
  // The listener takes no longer header; a caller that does not pass through it is held to the same.
  if (header === null || header.length > maxHeaderLength) return whole
  const match = /^bytes[ \t]*=[ \t]*(\d*)[ \t]*-[ \t]*(\d*)$/i.exec(header.trim())
  if (match === null) return whole
  const [, first = '', last = ''] = match
  if (first === '') {
    if (last === '') return whole
    const suffix = Number(last)
    if (suffix === 0) return unsatisfiable
    // Nothing has no last bytes, and no Content-Range could say so: the (empty) whole it is.
    if (size === 0) return whole
    return { kind: 'part', start: Math.max(0, size - suffix), end: size - 1 }
  }
  const start = Number(first)
  if (start >= size) return unsatisfiable
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return end < start ? unsatisfiable : { kind: 'part', start, end }
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
