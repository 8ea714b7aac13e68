import { expect, test } from 'bun:test'
import { parseImageReference, purlOfName } from './image-reference.ts'

test.each([
  ['registry.example.com/library/app:1.0', ['registry.example.com', 'library/app', '1.0']],
  ['registry.example.com/library/app', ['registry.example.com', 'library/app', 'latest']],
  ['localhost/app:1', ['localhost', 'app', '1']],
  ['localhost:5000/app', ['localhost:5000', 'app', 'latest']],
  ['http://10.0.0.1:5000/a/b/c:v1', ['10.0.0.1:5000', 'a/b/c', 'v1']],
  [
    `registry.example.com/app:1.0@sha256:${'a'.repeat(64)}`,
    ['registry.example.com', 'app', `sha256:${'a'.repeat(64)}`],
  ],
])('%s names an image', (text, [host, repository, reference]) => {
  expect(parseImageReference(text)).toMatchObject({ host, repository, reference })
})

test.each([
  'alpine',
  'library/app:1.0',
  'app.tar',
  './folder/app',
  'registry.example.com/',
  'registry.example.com/A:1',
])('%s names none', (text) => {
  expect(parseImageReference(text)).toBeUndefined()
})

test('a package URL has the digest where it is known, and the registry where one is named', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  expect(purlOfName('registry.example.com/library/app:1.0', digest)).toBe(
    `pkg:oci/app@${digest}?repository_url=registry.example.com%2Flibrary%2Fapp`,
  )
  expect(purlOfName('alpine:3.10')).toBe('pkg:oci/alpine')
  expect(purlOfName('')).toBeUndefined()
})
