import { findDigest, type Digest } from '#contract/digest.ts'
import { parseManifest, type ParsedManifest } from '#contract/manifest.ts'
import { isIndexMediaType } from '#contract/media-types.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import type { JudgedManifest } from '../policies/gates.ts'
import { severityRank, type Severity } from '../scanning/advisories.ts'
import { keyOfFinding } from '../scanning/scan-summary.ts'
import { readPolicyView, type PolicyView } from '../scanning/statements/scan-views.ts'
import { findInventory } from '../scanning/kept-inventories.ts'
import {
  findJudgedReport,
  judgedFindingsOf,
  listJudgedFindings,
  listUnscanned,
  publicationsOf,
  type JudgedFinding,
  type JudgedReport,
} from '../scanning/judged-report.ts'
import { listLiveExemptions, type Exemption } from './exemptions.ts'
import { verdictOf, type SignatureVerdict } from '../signatures/verdicts.ts'
import { signersOf } from '../signatures/verified-signers.ts'
import { judgedKindOf, kindOfBytes, type JudgedKind } from '../artifacts/what-runs.ts'

/** Annotation of the attestations that BuildKit puts beside the images of an index. */
const referenceType = 'vnd.docker.reference.type'

export interface JudgedPlace {
  readonly projectId: number
  readonly repositoryId: number
  readonly repository: RepositoryName
}

export interface JudgedLicences {
  readonly written: ReadonlySet<string>
  /** A layer whose packages are not known, where there is one. */
  readonly unreadLayer: string | undefined
}

const findArtifact = preparedQuery<{ artifactId: number }, { pushedAt: number; size: number }>((db, param) =>
  db.selectFrom('artifact').select(['pushed_at as pushedAt', 'size']).where('id', '=', param('artifactId')),
)

/** Of one artifact: more than anybody gives it. */
const maxTags = 1_000

const findTags = preparedQuery<{ artifactId: number }, { name: string }>((db, param) =>
  db
    .withRecursive('named', (recursive) =>
      recursive
        .selectFrom('artifact')
        .select('artifact.id')
        .where('artifact.id', '=', param('artifactId'))
        .union(
          recursive
            .selectFrom('artifact_child')
            .innerJoin('named', 'named.id', 'artifact_child.child_id')
            .select('artifact_child.parent_id as id'),
        ),
    )
    .selectFrom('named')
    .innerJoin('tag', 'tag.artifact_id', 'named.id')
    .select('tag.name')
    .distinct()
    .orderBy('tag.name')
    .limit(maxTags),
)

/** What is known of a manifest, each fact read when a policy first asks for it. */
export class ManifestFacts {
  readonly place: JudgedPlace
  readonly manifest: JudgedManifest
  readonly now: number
  readonly reader: Reader
  readonly parsed: ParsedManifest
  readonly kind: JudgedKind
  readonly #known = new Map<string, Promise<unknown>>()

  constructor(reader: Reader, place: JudgedPlace, manifest: JudgedManifest, now: number) {
    this.reader = reader
    this.place = place
    this.manifest = manifest
    this.now = now
    this.parsed = parseManifest(manifest.bytes, manifest.mediaType)
    this.kind = judgedKindOf(this.parsed)
  }

  signatures(): Promise<SignatureVerdict> {
    const { projectId, repositoryId } = this.place
    const { digest } = this.manifest
    return this.#once('signatures', () => verdictOf(this.reader, { projectId, repositoryId, digest, now: this.now }))
  }

  /** Names of those trusted whose own signatures cover it, and until when each counts. */
  signers(): Promise<ReadonlyMap<string, number | undefined>> {
    return this.#once('signers', async () => {
      const { cosign, notation } = await this.signatures()
      const subjects = [this.manifest.digest, cosign.index, notation.index].filter((digest) => digest !== undefined)
      return await signersOf(this.reader, this.place.repositoryId, subjects, this.now)
    })
  }

  /** With the worst of what an attached bill of materials adds. */
  report(): Promise<JudgedReport | undefined> {
    return this.#once('report', async () => {
      const report = await this.#own()
      if (report === undefined) return undefined
      const { attached } = await this.#view(report)
      const severities = [report.severity, ...attached.map(({ severity }) => severity)]
      return { ...report, severity: severities.reduce(worseOf) }
    })
  }

  /** What the report counts, and what an attached bill of materials adds, without what statements rule out; empty without a report. */
  findings(): Promise<readonly JudgedFinding[]> {
    return this.#once('findings', async () => {
      const report = await this.#own()
      if (report === undefined) return []
      const { ruledOut, attached } = await this.#view(report)
      const own = await listJudgedFindings(this.reader, this.manifest.digest, report)
      const known = new Set(own.map(keyOf))
      const added = judgedFindingsOf(attached).filter((each) => !known.has(keyOf(each)))
      return [...own, ...added].filter((each) => !ruledOut.has(keyOf(each)))
    })
  }

  #own(): Promise<JudgedReport | undefined> {
    return this.#once('own-report', () => findJudgedReport(this.reader, this.place.projectId, this.manifest.digest))
  }

  #view({ scannerId, reportedAt }: JudgedReport): Promise<PolicyView> {
    const { artifactId, digest } = this.manifest
    return this.#once('view', () => readPolicyView(this.reader, artifactId, { digest, scannerId, reportedAt }))
  }

  publications(): Promise<ReadonlyMap<string, number>> {
    return this.#once('publications', async () => {
      const report = await this.report()
      return report === undefined ? new Map() : await publicationsOf(this.reader, this.manifest.digest, report)
    })
  }

  /** As packages write them; undefined while the image was not looked into. */
  licences(): Promise<JudgedLicences | undefined> {
    return this.#once('licences', async () => {
      const kept = await findInventory({ database: { read: this.reader } }, this.manifest.digest)
      if (kept === undefined) return undefined
      const { packages, unread } = kept.inventory
      return {
        written: new Set(packages.flatMap(({ licences }) => licences)),
        unreadLayer: unread.find(({ where }) => findDigest(where) !== undefined)?.where,
      }
    })
  }

  /** Of the artifact, and of the indexes that it is in. */
  tags(): Promise<readonly string[]> {
    const { artifactId } = this.manifest
    return this.#once('tags', async () => (await findTags.all(this.reader, { artifactId })).map(({ name }) => name))
  }

  artifact(): Promise<{ readonly pushedAt: number; readonly size: number } | undefined> {
    const { artifactId } = this.manifest
    return this.#once('artifact', () => findArtifact.first(this.reader, { artifactId }))
  }

  exemptions(): Promise<readonly Exemption[]> {
    return this.#once('exemptions', () => listLiveExemptions(this.reader, this.place.projectId, this.now))
  }

  /** Of an index, the first image without a report; attestations of builders are none. */
  firstUnscanned(): Promise<Digest | undefined> {
    return this.#once('unscanned', async () => {
      const attestations = new Set(
        this.parsed.manifests
          .filter(({ annotations }) => annotations?.[referenceType] !== undefined)
          .map(({ digest }) => digest),
      )
      for (const leaf of await listUnscanned(this.reader, this.place.projectId, this.manifest.artifactId)) {
        const digest = leaf.digest as Digest
        if (isIndexMediaType(leaf.mediaType) || attestations.has(digest)) continue
        // One manifest at a time: a thousand of them may have gigabytes.
        const row = await this.reader
          .selectFrom('artifact_payload')
          .select('bytes')
          .where('artifact_id', '=', leaf.id)
          .executeTakeFirst()
        if (row !== undefined && kindOfBytes(row.bytes, leaf.mediaType) === 'image') return digest
      }
      return undefined
    })
  }

  #once<Value>(name: string, read: () => Promise<Value>): Promise<Value> {
    const known = this.#known.get(name) as Promise<Value> | undefined
    if (known !== undefined) return known
    const reading = read()
    this.#known.set(name, reading)
    return reading
  }
}

const keyOf = (finding: JudgedFinding): string => keyOfFinding(finding.id, finding.package, finding.version)

const rankOf = (severity: Severity | undefined): number => (severity === undefined ? -1 : severityRank(severity))

const worseOf = (one: Severity | undefined, other: Severity | undefined) => (rankOf(other) > rankOf(one) ? other : one)
