import { expect, test } from 'bun:test'
import { composeHttpsRedirect } from './redirect-to-https.ts'

const locate = (options: { externalUrl?: string; httpsPort?: number }, url: string) => {
  const redirect = composeHttpsRedirect({ externalUrl: options.externalUrl, httpsPort: options.httpsPort ?? 443 })
  const answer = redirect(new Request(url, { method: 'POST' }))
  return { status: answer.status, location: answer.headers.get('location') }
}

test('keeps method, path and query (308)', () => {
  const answer = locate({}, 'http://r.example:8080/v2/a/blobs/uploads/?mount=x')
  expect(answer).toEqual({ status: 308, location: 'https://r.example/v2/a/blobs/uploads/?mount=x' })
})

test('names the port of HTTPS when it is not 443', () => {
  expect(locate({ httpsPort: 8443 }, 'http://[::1]:8080/').location).toBe('https://[::1]:8443/')
})

test('goes to the configured URL whatever Host was sent', () => {
  expect(locate({ externalUrl: 'https://r.example' }, 'http://evil.example/v2/').location).toBe('https://r.example/v2/')
})

test('a path that looks like a host stays a path', () => {
  expect(locate({}, 'http://r.example//evil.example/').location).toBe('https://r.example//evil.example/')
})
