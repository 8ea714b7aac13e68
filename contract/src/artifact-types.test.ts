import { expect, test } from 'bun:test'
import { artifactKindOf, kindOfMediaType, predicateName } from './artifact-types.ts'

test("Harbor's words for kinds and accessories are known in any case", () => {
  expect(artifactKindOf('IMAGE')).toBe('image')
  expect(artifactKindOf('signature.cosign')).toBe('cosign')
  expect(artifactKindOf('SIGNATURE.NOTATION')).toBe('notation')
  expect(artifactKindOf('sbom.harbor')).toBe('sbom')
  expect(artifactKindOf('subject.accessory')).toBe('accessory')
})

test('an artifact is called by its own type, as the specifications write it', () => {
  const types = {
    'application/spdx+json': 'spdx',
    'text/spdx': 'spdx',
    'application/vnd.cyclonedx+json': 'cyclonedx',
    'application/vnd.cyclonedx+xml': 'cyclonedx',
    'application/vnd.goharbor.harbor.sbom.v1': 'sbom',
    'application/vnd.dev.cosign.artifact.sbom.v1+json': 'sbom',
    'application/vnd.dev.cosign.artifact.sig.v1+json': 'cosign',
    'application/vnd.dev.cosign.simplesigning.v1+json': 'cosign',
    'application/vnd.dev.sigstore.bundle.v0.3+json': 'cosign',
    'application/vnd.cncf.notary.signature': 'notation',
    'application/vnd.in-toto+json': 'inToto',
    'application/vnd.in-toto.provenance+dsse': 'inToto',
    'application/vnd.docker.attestation.manifest.v1+json': 'inToto',
    'application/vnd.dsse.envelope.v1+json': 'attestation',
    'application/sarif+json': 'vulnerabilities',
    'application/vnd.openvex+json': 'vex',
    'application/vnd.cncf.model.manifest.v1+json': 'model',
    'application/vnd.cnai.model.manifest.v1+json': 'model',
    'application/vnd.docker.ai.model.config.v0.1+json': 'model',
    'application/vnd.kitops.modelkit.config.v1+json': 'model',
    'application/vnd.ollama.image.model': 'model',
    'application/vnd.wasm.config.v0+json': 'wasm',
    'application/vnd.cncf.openpolicyagent.config.v1+json': 'policy',
    'application/vnd.docker.plugin.v1+json': 'plugin',
    'application/vnd.buildkit.cacheconfig.v0': 'buildCache',
    'application/vnd.cncf.helm.config.v1+json': 'chart',
    'application/vnd.oci.image.config.v1+json': 'image',
    'application/vnd.oci.image.index.v1+json': 'image',
  } as const
  const found = Object.fromEntries(Object.keys(types).map((type) => [type, artifactKindOf('UNKNOWN', type)]))
  expect(found).toEqual(types)
})

test("its own type says more than Harbor's word, and cosign's tag more than the config of an image", () => {
  expect(artifactKindOf('subject.accessory', 'application/spdx+json')).toBe('spdx')
  const tag = `sha256-${'0a'.repeat(32)}`
  expect(artifactKindOf('IMAGE', 'application/vnd.oci.image.config.v1+json', [`${tag}.att`])).toBe('attestation')
  expect(artifactKindOf('IMAGE', 'application/vnd.oci.image.config.v1+json', ['latest', `${tag}.sig`])).toBe('cosign')
})

test('what no specification here knows has no word', () => {
  expect(artifactKindOf('UNKNOWN', 'application/vnd.example.thing')).toBeUndefined()
  expect(kindOfMediaType('application/vnd.remodelled.thing')).toBeUndefined()
  expect(artifactKindOf('constructor', 'toString')).toBeUndefined()
})

test('predicates of in-toto have names, and others stay as they are', () => {
  expect(predicateName('https://slsa.dev/provenance/v1')).toBe('SLSA provenance')
  expect(predicateName('https://spdx.dev/Document/v2.3')).toBe('SPDX')
  expect(predicateName('https://example.org/mine')).toBe('https://example.org/mine')
})
