import type { CvssScore, VulnerabilityDetail } from '../advisories.ts'
import type { Finding } from '../finding.ts'
import type { FoundPackage, PackageKind } from '../inventory.ts'
import { isCounted, isOfSystem, plainSeverity, targetOf, urlOf, type ScanReport } from './scan-report.ts'

/** As Trivy calls what it found packages of a language by: installed ones, and those of lock files. */
const typesInImages: Partial<Record<PackageKind, string>> = {
  npm: 'node-pkg',
  pypi: 'python-pkg',
  golang: 'gobinary',
  maven: 'jar',
  gem: 'gemspec',
  composer: 'composer-vendor',
  nuget: 'dotnet-core',
  cargo: 'rustbinary',
  conda: 'conda-pkg',
}
const typesByFile: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)yarn\.lock$/, 'yarn'],
  [/(?:^|\/)pnpm-lock\.yaml$/, 'pnpm'],
  [/(?:^|\/)bun\.lock$/, 'bun'],
  [/(?:^|\/)Pipfile\.lock$/, 'pipenv'],
  [/(?:^|\/)poetry\.lock$/, 'poetry'],
  [/(?:^|\/)uv\.lock$/, 'uv'],
  [/(?:^|\/)pom\.xml$/, 'pom'],
  [/gradle\.lockfile$/, 'gradle'],
  [/\.sbt\.lock$/, 'sbt'],
]
const typesOfLocks: Partial<Record<PackageKind, string>> = {
  npm: 'npm',
  pypi: 'pip',
  golang: 'gomod',
  maven: 'jar',
  gem: 'bundler',
  composer: 'composer',
  nuget: 'nuget',
  cargo: 'cargo',
  conan: 'conan',
}

/** Trivy shows these together, whatever their files are. */
const together: Readonly<Record<string, string>> = {
  'node-pkg': 'Node.js',
  'python-pkg': 'Python',
  jar: 'Java',
  gemspec: 'Ruby',
  'conda-pkg': 'conda',
}

const numbers = { UNKNOWN: 0, LOW: 1, MEDIUM: 2, HIGH: 3, CRITICAL: 4 } as const

/** The report of `trivy --format json`, schema version 2. https://trivy.dev/latest/docs/configuration/reporting/ */
export function writeTrivy(report: ScanReport): object {
  const { subject, input, inventory, origin } = report
  const targets = new Map<string, { readonly head: object; readonly findings: Finding[] }>()
  for (const found of inventory.packages) {
    const head = headOf(report, found)
    const key = JSON.stringify(head)
    if (!targets.has(key)) targets.set(key, { head, findings: [] })
  }
  for (const finding of report.scan.findings)
    targets.get(JSON.stringify(headOf(report, finding.package)))?.findings.push(finding)
  return {
    SchemaVersion: 2,
    CreatedAt: origin.created,
    ArtifactName: subject.name,
    ArtifactType: input === 'image' ? 'container_image' : input === 'folder' ? 'filesystem' : 'cyclonedx',
    Metadata: metadataOf(report),
    Results: [...targets.values()].map(({ head, findings }) => {
      const counted = findings.filter(isCounted)
      const suppressed = findings.filter((each) => !isCounted(each))
      return {
        ...head,
        ...(counted.length === 0 ? {} : { Vulnerabilities: counted.map(vulnerabilityOf) }),
        ...(suppressed.length === 0 ? {} : { ExperimentalModifiedFindings: suppressed.map(modifiedOf) }),
      }
    }),
  }
}

function headOf(report: ScanReport, found: FoundPackage): object {
  const { os } = report.inventory
  if (isOfSystem(found)) return { Target: targetOf(report, found), Class: 'os-pkgs', Type: os?.family ?? found.kind }
  const type = typeOf(report, found)
  return { Target: together[type] ?? targetOf(report, found), Class: 'lang-pkgs', Type: type }
}

function typeOf({ input }: ScanReport, { kind, path }: FoundPackage): string {
  const types = input === 'folder' ? typesOfLocks : typesInImages
  return typesByFile.find(([pattern]) => pattern.test(path))?.[1] ?? types[kind] ?? kind
}

function metadataOf({ inventory: { os }, scan, image, subject }: ScanReport): object {
  const isOver = scan.gaps.some(({ code }) => code === 'END_OF_LIFE')
  return {
    ...(os === undefined ? {} : { OS: { Family: os.family, Name: os.version, ...(isOver ? { EOSL: true } : {}) } }),
    ...(subject.digest === undefined
      ? {}
      : { RepoDigests: [`${subject.name.split(/@|:(?=[^/]*$)/)[0]}@${subject.digest}`] }),
    ...(image === undefined
      ? {}
      : {
          ImageConfig: {
            architecture: image.architecture,
            os: image.os,
            ...(image.created === undefined ? {} : { created: image.created }),
            history: image.history.map(({ createdBy, emptyLayer }) => ({
              created_by: createdBy,
              empty_layer: emptyLayer,
            })),
          },
        }),
  }
}

function vulnerabilityOf(finding: Finding): object {
  const { id, package: found, fixVersion, status, severity, severitySource, detail } = finding
  return {
    VulnerabilityID: id,
    ...(finding.aliases.length === 0 ? {} : { VendorIDs: finding.aliases }),
    PkgID: `${found.name}@${found.version}`,
    PkgName: found.name,
    ...(isOfSystem(found) || found.path === '' ? {} : { PkgPath: found.path }),
    PkgIdentifier: { PURL: found.purl },
    InstalledVersion: found.version,
    ...(fixVersion === '' ? {} : { FixedVersion: fixVersion }),
    Status: status,
    Layer: found.layer === undefined ? {} : { DiffID: found.layer },
    ...(severitySource === '' ? {} : { SeveritySource: severitySource }),
    PrimaryURL: urlOf(finding),
    Severity: plainSeverity(severity),
    ...(detail === undefined ? {} : detailOf(detail)),
  }
}

function detailOf(detail: VulnerabilityDetail): object {
  return {
    Title: detail.title,
    Description: detail.description,
    ...(detail.cweIds.length === 0 ? {} : { CweIDs: detail.cweIds }),
    VendorSeverity: Object.fromEntries(
      Object.entries(detail.vendorSeverity).map(([vendor, severity]) => [vendor, numbers[plainSeverity(severity)]]),
    ),
    CVSS: Object.fromEntries(
      Object.entries(detail.cvss).map(([vendor, { v2, v3, v4 }]) => [
        vendor,
        { ...scored('V2', v2), ...scored('V3', v3), ...scored('V40', v4) },
      ]),
    ),
    References: detail.references,
    ...(detail.published === undefined ? {} : { PublishedDate: detail.published }),
    ...(detail.modified === undefined ? {} : { LastModifiedDate: detail.modified }),
  }
}

const scored = (name: string, score: CvssScore | undefined): object =>
  score === undefined ? {} : { [`${name}Vector`]: score.vector, [`${name}Score`]: score.score }

const modifiedOf = (finding: Finding): object => ({
  Type: 'vulnerability',
  Status: finding.suppressed?.status,
  Statement: finding.suppressed?.reason,
  Source: finding.suppressed?.by,
  Finding: vulnerabilityOf(finding),
})
