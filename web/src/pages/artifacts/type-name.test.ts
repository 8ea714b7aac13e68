import { expect, test } from 'bun:test'
import { typeKey } from './type-name.ts'

test("Harbor's words for kinds and accessories are known in any case", () => {
  expect(typeKey('IMAGE')).toBe('image')
  expect(typeKey('signature.cosign')).toBe('signature')
})

test('an SBOM, a signature, an attestation and a model are known by their artifact type', () => {
  expect(typeKey('UNKNOWN', 'application/spdx+json')).toBe('sbom')
  expect(typeKey('UNKNOWN', 'application/vnd.cyclonedx+json')).toBe('sbom')
  expect(typeKey('UNKNOWN', 'application/vnd.dev.cosign.artifact.sig.v1+json')).toBe('signature')
  expect(typeKey('UNKNOWN', 'application/vnd.in-toto+json')).toBe('attestation')
  expect(typeKey('UNKNOWN', 'application/vnd.cncf.model.manifest.v1+json')).toBe('model')
})

test('for another type there is no word', () => {
  expect(typeKey('UNKNOWN', 'application/vnd.example.thing')).toBeUndefined()
})
