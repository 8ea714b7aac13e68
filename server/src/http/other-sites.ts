/** The values of Sec-Fetch-Site for requests of a page of the same origin, and of a person who typed the address. */
const ownSites = new Set(['same-origin', 'none'])

/**
 * Whether a browser says that another site's page made the request. Programs that are no browsers say nothing, and
 * pages can forge none of these headers (Fetch §forbidden-request-header).
 */
export function isFromAnotherSite(request: Request, isOurs: (origin: URL) => boolean): boolean {
  const { headers } = request
  const site = headers.get('sec-fetch-site')
  if (site !== null && !ownSites.has(site)) return true
  const origin = headers.get('origin')
  // `null` is the origin of sandboxed frames and files: never ours.
  if (origin !== null) return !URL.canParse(origin) || !isOurs(new URL(origin))
  const referer = headers.get('referer')
  // Browsers without Sec-Fetch-Site leave out Origin when they follow a link.
  return site === null && referer !== null && URL.canParse(referer) && !isOurs(new URL(referer))
}

/**
 * Whether the page is of one of the addresses. The port of the page's scheme may be written or left out, also in the
 * Host header that a proxy has written for a scheme that we do not see.
 */
export function isPageOf({ protocol, host }: URL, addresses: readonly string[]): boolean {
  if (!/^https?:$/.test(protocol)) return false
  return addresses.some((address) => new URL(`${protocol}//${new URL(address).host}`).host === host)
}
