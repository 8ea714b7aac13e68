/** Whether If-None-Match names the digest, quoted, weak or bare (clients of Harbor send all three; RFC 9110 §13.1.2). */
export function matchesEtag(request: Request, digest: string): boolean {
  const header = request.headers.get('if-none-match')
  if (header === null) return false
  return header.split(',').some((tag) => {
    const bare = tag.trim().replace(/^W\//, '')
    return bare === '*' || bare === digest || bare === `"${digest}"`
  })
}

/** Whether Range is to be heeded: without If-Range, or when that names the digest, strongly (RFC 9110 §13.1.5). */
export function isRangeOf(request: Request, digest: string): boolean {
  const header = request.headers.get('if-range')
  return header === null || header.trim() === `"${digest}"`
}
