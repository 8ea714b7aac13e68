import type { CvssScore } from '../advisories.ts'
import { writeCycloneDx } from '../detection/sbom/write-cyclonedx.ts'
import type { Finding, Suppression } from '../finding.ts'
import type { FoundPackage } from '../inventory.ts'
import { urlOf, type ScanReport } from './scan-report.ts'

/** The bill of materials with its vulnerabilities: one entry for each vulnerability, which names every package that has it. */
export function writeCycloneDxFindings({ inventory, subject, origin, scan }: ScanReport): object {
  const bom = writeCycloneDx(inventory, subject, origin) as { readonly components: readonly { 'bom-ref': string }[] }
  const components = bom.components.slice(bom.components.length - inventory.packages.length)
  const references = new Map(inventory.packages.map((found, at) => [found, components[at]?.['bom-ref'] ?? '']))
  const groups = Map.groupBy(scan.findings, ({ id, suppressed }) => JSON.stringify([id, suppressed]))
  return { ...bom, vulnerabilities: [...groups.values()].map((findings) => vulnerabilityOf(findings, references)) }
}

function vulnerabilityOf(findings: readonly Finding[], references: ReadonlyMap<FoundPackage, string>): object {
  const [first] = findings
  if (first === undefined) throw new Error('a group has members')
  const { id, detail, suppressed } = first
  const fixes = [
    ...new Set(
      findings
        .filter(({ fixVersion }) => fixVersion !== '')
        .map(({ package: found, fixVersion }) => `${found.name} to ${fixVersion}`),
    ),
  ]
  return {
    id,
    source: { name: first.severitySource || 'unknown', url: urlOf(first) },
    ratings: ratingsOf(first),
    cwes: (detail?.cweIds ?? []).flatMap((cwe) => /^CWE-(\d{1,9})$/.exec(cwe)?.[1] ?? []).map(Number),
    ...(detail === undefined ? {} : { description: detail.description || detail.title }),
    ...(fixes.length === 0 ? {} : { recommendation: `Update ${fixes.join('; ')}` }),
    advisories: (detail?.references ?? []).map((url) => ({ url })),
    ...(detail?.published === undefined ? {} : { published: detail.published }),
    ...(detail?.modified === undefined ? {} : { updated: detail.modified }),
    ...(suppressed === undefined ? {} : suppressionOf(suppressed)),
    affects: findings.map(({ package: found }) => ({
      ref: references.get(found) ?? found.purl,
      versions: [{ version: found.version, status: isJudged(suppressed) ? 'unaffected' : 'affected' }],
    })),
  }
}

const isJudged = (suppressed: Suppression | undefined): boolean =>
  suppressed !== undefined && suppressed.status !== 'ignored'

/** Somebody who ignores a finding has not said that the package is not affected. */
function suppressionOf({ by, status, reason }: Suppression): object {
  const detail = `${by}: ${reason}`
  if (status === 'ignored') return { properties: [{ name: 'berth:ignored', value: detail }] }
  return { analysis: { state: status === 'fixed' ? 'resolved' : 'not_affected', detail } }
}

function ratingsOf({ severity, severitySource, detail }: Finding): object[] {
  const scored = Object.entries(detail?.cvss ?? {}).flatMap(([vendor, { v2, v3, v4 }]) =>
    [
      rated(vendor, 'CVSSv2', v2),
      rated(vendor, v3?.vector.startsWith('CVSS:3.0') === true ? 'CVSSv3' : 'CVSSv31', v3),
      rated(vendor, 'CVSSv4', v4),
    ].flat(),
  )
  return [
    {
      source: { name: severitySource || 'unknown' },
      severity: severity === 'Negligible' ? 'info' : severity.toLowerCase(),
      method: 'other',
    },
    ...scored,
  ]
}

const rated = (name: string, method: string, score: CvssScore | undefined): object[] =>
  score === undefined ? [] : [{ source: { name }, score: score.score, method, vector: score.vector }]
