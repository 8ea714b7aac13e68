import { expect, test } from 'bun:test'
import { isSafeFor } from './redirects.ts'

test.each([
  ['https://harbor.example.org', 'https://harbor.example.org/v2/', true],
  ['http://harbor.example.org', 'https://harbor.example.org/v2/', true],
  ['https://harbor.example.org', 'http://harbor.example.org/v2/', false],
  ['https://harbor.example.org', 'https://harbor.example.org:8443/v2/', false],
  ['https://harbor.example.org', 'https://bucket.example.org/v2/', false],
])('a password for %s follows a redirect to %s: %p', (origin, url, follows) => {
  expect(isSafeFor(new URL(origin), new URL(url))).toBe(follows)
})
