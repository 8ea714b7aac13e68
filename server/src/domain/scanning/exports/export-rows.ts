import { matcherOf } from '#contract/doublestar.ts'
import type { Finding } from '../finding.ts'
import { countedOnce } from '../scan-summary.ts'
import { vendorAttributesOf } from '../vendor-attributes.ts'
import { csvLine } from './csv.ts'
import type { ExportedImage, ExportedReport } from './exported-images.ts'

/** Harbor's columns, in its order. */
export const exportHeader = csvLine([
  ...['Repository', 'Artifact Digest', 'CVE', 'Package', 'Current Version', 'Fixed in version', 'Severity'],
  ...['CWE Ids', 'Additional Data', 'Scanner'],
])

/** A line for each vulnerability of a package of the image; those that a VEX statement rules out are none. */
export function* exportLines(
  { repository, digest }: ExportedImage,
  { scanner, findings }: ExportedReport,
  cveIds: string,
): Generator<string, void> {
  const isWanted = cveIds === '' ? () => true : matcherOf(cveIds)
  for (const finding of countedOnce(findings.findings)) {
    if (isWanted(finding.id)) yield csvLine([repository, digest, ...cellsOf(finding), scanner])
  }
}

function cellsOf(finding: Finding): readonly string[] {
  const { id, package: found, fixVersion, severity, detail } = finding
  const attributes = vendorAttributesOf(finding)
  return [
    ...[id, found.name, found.version, fixVersion, severity === 'Negligible' ? 'None' : severity],
    (detail?.cweIds ?? []).join(','),
    attributes === null ? '' : JSON.stringify(attributes),
  ]
}
