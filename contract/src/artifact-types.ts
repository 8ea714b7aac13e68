/** What people call an artifact: keys of the console's catalogue `artifacts.kinds`. */
export type ArtifactKind =
  | 'image'
  | 'chart'
  | 'sbom'
  | 'spdx'
  | 'cyclonedx'
  | 'signature'
  | 'cosign'
  | 'notation'
  | 'attestation'
  | 'inToto'
  | 'vulnerabilities'
  | 'vex'
  | 'model'
  | 'wasm'
  | 'policy'
  | 'plugin'
  | 'buildCache'
  | 'accessory'

/** Harbor's words, of artifacts and of accessories. */
const harborTypes: Readonly<Record<string, ArtifactKind>> = {
  IMAGE: 'image',
  CHART: 'chart',
  WASM: 'wasm',
  MODEL: 'model',
  CNAI: 'model',
  SBOM: 'sbom',
  'SBOM.HARBOR': 'sbom',
  'SIGNATURE.COSIGN': 'cosign',
  'SIGNATURE.NOTATION': 'notation',
}

/**
 * Media types as their specifications write them, the first that fits; versions and `+json` vary. A type stands above
 * those whose name its own contains: an attestation of cosign is no signature.
 */
const mediaTypeKinds: readonly (readonly [pattern: RegExp, kind: ArtifactKind])[] = [
  [/^application\/vnd\.(oci\.image\.(config|index|manifest)\.v1|docker\.container\.image\.v1)\+json$/, 'image'],
  [/^application\/vnd\.docker\.distribution\.manifest\.(list\.)?v2\+json$/, 'image'],
  [/^application\/vnd\.cncf\.helm\./, 'chart'],
  [/^(application|text)\/(vnd\.)?spdx\b/, 'spdx'],
  [/^(application|text)\/vnd\.cyclonedx\b/, 'cyclonedx'],
  [/^application\/vnd\.in-toto\b|^application\/vnd\.docker\.attestation\./, 'inToto'],
  [/^application\/vnd\.dsse\.envelope\b|\battestations?\b|\.provenance\b/, 'attestation'],
  [/^application\/vnd\.cncf\.notary\.|\bnotation\b/, 'notation'],
  [/^application\/sarif\b|\bvuln(erabilit(y|ies))?\b/, 'vulnerabilities'],
  [/\b(open)?vex\b/, 'vex'],
  [/\bsbom\b|^application\/vnd\.syft\b/, 'sbom'],
  [/^application\/vnd\.dev\.(cosign|sigstore)\./, 'cosign'],
  [/\bsignature\b/, 'signature'],
  [/\b(ai|ml|cnai)?-?model(kit|pack|s)?\b|\.kitops\.|\.ollama\./, 'model'],
  [/\bwasm\b/, 'wasm'],
  [/\bopenpolicyagent\b|\bkyverno\b|\bgatekeeper\b/, 'policy'],
  [/^application\/vnd\.docker\.plugin\./, 'plugin'],
  [/\bbuildkit\.cacheconfig\b/, 'buildCache'],
]

const suffixKinds: Readonly<Record<string, ArtifactKind>> = { sig: 'cosign', att: 'attestation', sbom: 'sbom' }

/** What an artifact is by a media type alone; undefined where no specification known here has it. */
export function kindOfMediaType(mediaType: string): ArtifactKind | undefined {
  const lower = mediaType.toLowerCase()
  return mediaTypeKinds.find(([pattern]) => pattern.test(lower))?.[1]
}

/**
 * What an artifact is. The finest word counts: its own type says more than Harbor's word for it, and cosign's tags
 * (`sha256-….att`) more than the config of an image that lies behind them.
 */
export function artifactKindOf(
  type: string,
  artifactType = '',
  tags: readonly string[] = [],
): ArtifactKind | undefined {
  const own = kindOfMediaType(artifactType)
  if (own !== undefined && own !== 'image') return own
  const suffix = tags.map((tag) => /^sha256-[0-9a-f]{64}\.([a-z]+)$/.exec(tag)?.[1] ?? '').find((each) => each !== '')
  const byTag = suffix === undefined ? undefined : suffixKinds[suffix]
  const upper = type.toUpperCase()
  const harbor = Object.hasOwn(harborTypes, upper) ? harborTypes[upper] : undefined
  const last = upper === 'SUBJECT.ACCESSORY' ? 'accessory' : undefined
  return byTag ?? harbor ?? own ?? kindOfMediaType(type) ?? last
}

export const isSignature = (kind: ArtifactKind | undefined): boolean =>
  kind === 'signature' || kind === 'cosign' || kind === 'notation'
export const isSbom = (kind: ArtifactKind | undefined): boolean =>
  kind === 'sbom' || kind === 'spdx' || kind === 'cyclonedx'

/** Statements of in-toto that have a name of their own; others are shown as they are written. */
const predicates: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/slsa\.dev\/provenance/, 'SLSA provenance'],
  [/slsa\.dev\/verification_summary/, 'SLSA verification summary'],
  [/spdx\.dev\/document/i, 'SPDX'],
  [/cyclonedx\.org\/bom/i, 'CycloneDX'],
  [/openvex\.dev/, 'OpenVEX'],
  [/cosign\.sigstore\.dev\/attestation\/vuln/, 'Vulnerability scan'],
  [/in-toto\.io\/attestation\/vulns/, 'Vulnerability scan'],
  [/cosign\.sigstore\.dev\/attestation\//, 'Custom'],
]

/** `SLSA provenance` for `https://slsa.dev/provenance/v1`: proper names, the same in every language. */
export function predicateName(predicateType: string): string {
  return predicates.find(([pattern]) => pattern.test(predicateType))?.[1] ?? predicateType
}
