import type { Route } from './router.ts'

const personal = new Set<Route>(['api', 'api-version', 'session', 'token'])

/**
 * Answers of the API, of the forms and of the token service are about whoever asks: nothing keeps them, and no browser
 * takes them for a page. Operations that say otherwise themselves keep what they said.
 */
export function guardAnswer(route: Route, { headers }: Response): void {
  if (!personal.has(route)) return
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  headers.set('x-content-type-options', 'nosniff')
}
