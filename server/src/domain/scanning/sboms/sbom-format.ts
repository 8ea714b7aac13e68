/** Forms of a bill of materials that the registry makes, and how their artifacts are told. */
export const sbomFormats = ['spdx', 'cyclonedx'] as const
export type SbomFormat = (typeof sbomFormats)[number]

/** What oras, Trivy and others look for among the referrers of an image. */
export const sbomMediaTypes: Readonly<Record<SbomFormat, string>> = {
  spdx: 'application/spdx+json',
  cyclonedx: 'application/vnd.cyclonedx+json',
}

/** Of an SBOM that a Harbor made, which has SPDX in it; also the type under which Harbor serves every one. */
export const harborSbomType = 'application/vnd.goharbor.harbor.sbom.v1'

/** Of artifacts with an SBOM. */
export const sbomArtifactTypes: readonly string[] = [...Object.values(sbomMediaTypes), harborSbomType]

/** Types of artifacts with an SBOM of this form. */
export const artifactTypesOf = (format: SbomFormat): readonly string[] =>
  format === 'spdx' ? [sbomMediaTypes.spdx, harborSbomType] : [sbomMediaTypes.cyclonedx]

/** An annotation that says which registry made it: those are replaced by newer ones. */
export const makerAnnotation = 'created-by'
export const maker = 'Berth'
/** What these made for this artifact is replaced; an SBOM of somebody else stays. */
export const replacedMakers: readonly string[] = [maker, 'Harbor']
