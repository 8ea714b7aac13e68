import { expect, test } from 'bun:test'
import { readVexFile } from './read-vex-file.ts'

test.each([
  ['{"@context":"https://openvex.dev/ns/v0.2.0"}', { '@context': 'https://openvex.dev/ns/v0.2.0' }],
  ['\uFEFF{"a":1}', { a: 1 }],
  ['[]', undefined],
  ['null', undefined],
  ['"text"', undefined],
  ['<html>', undefined],
  ['', undefined],
])('%j is sent only when it is an object', (text, document) => {
  expect(readVexFile(text)).toEqual(document)
})
