/**
 * The first segments of the console's own addresses. The server answers them with the console's page, and everything
 * else that it does not know with 404; nothing here may begin an address of the API or of /v2.
 */
export const consoleSegments = [
  'sign-in',
  'first-image',
  'first-run',
  'oidc-onboard',
  'projects',
  'search',
  'administration',
  'profile',
  'harbor',
] as const

/** Whether a path (without its query) is one of the console's. */
export function isConsolePath(path: string): boolean {
  if (path === '/') return true
  const [, segment = ''] = path.split('/', 2)
  return (consoleSegments as readonly string[]).includes(segment)
}
