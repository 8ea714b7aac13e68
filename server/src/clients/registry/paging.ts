const maxLinkLength = 8_192

/**
 * The query of the next page (RFC 8288), with its `?`. Only the query of the link is used: its host and path are where
 * a proxy in between thinks the registry is, or where a registry wants our credential to go.
 */
export function nextQuery(link: string | undefined): string | undefined {
  if (link === undefined || link.length > maxLinkLength) return undefined
  for (const [, target = '', parameters = ''] of link.matchAll(/<([^>]*)>([^,]*)/g)) {
    if (!/;\s*rel\s*=\s*"?next"?/i.test(parameters)) continue
    const start = target.indexOf('?')
    return start < 0 ? undefined : (target.slice(start).split('#')[0] ?? '')
  }
  return undefined
}
