import type { Generated } from 'kysely'
import type { Flag } from './columns.ts'

/** Vulnerability data as it was after one import. At most one generation is in use; older ones can be gone back to. */
export interface AdvisoryGenerationTable {
  number: number
  /** `building`: its bytes are not whole yet. */
  state: 'building' | 'in-use' | 'kept'
  /** Of the file, before it was packed. */
  digest: string
  size: number
  /** JSON: what it was made of. */
  sources: string
  /** When the oldest source with advisories in it was published; null when one does not say. */
  data_time: number | null
  imported_at: number
  username: string
  /** Where its newest part came from: the name of a file, or an artifact with its digest; null where nobody said. */
  origin: string | null
}

/** The file of a generation, packed with zstd, in pieces that are not too large for one row. */
export interface AdvisoryChunkTable {
  generation: number
  position: number
  bytes: Uint8Array
}

/** Vulnerability data that somebody sent, until its job has imported it. */
export interface AdvisoryUploadTable {
  /** UUID. */
  id: string
  /** Null while its bytes come. */
  job_id: number | null
  username: string
  created_at: number
  /** When its last bytes came. */
  updated_at: number
}

export interface AdvisoryUploadChunkTable {
  upload: string
  position: number
  bytes: Uint8Array
}

/** Which artifact with vulnerability data was taken last from a place in a registry. */
export interface AdvisoryPullTable {
  /** `ghcr.io/aquasecurity/trivy-db:2`; without a host in this registry. */
  source: string
  digest: string
  pulled_at: number
}

/** Who scans: the engine of this program, or an adapter of the Pluggable Scanner API. */
export interface ScannerTable {
  /** UUID. */
  id: string
  name: string
  url: string
  description: string
  auth: '' | 'Basic' | 'Bearer' | 'APIKey'
  credential: string
  skip_certificate_check: Flag
  use_internal_address: Flag
  disabled: Flag
  is_default: Flag
  /** The engine of this program: it can be neither changed nor deleted. */
  is_built_in: Flag
  created_at: number
  updated_at: number
}

/** What was found in a layer, by the digest of its bytes: read once, whatever images share it. */
export interface BlobInventoryTable {
  digest: string
  /** Of the code that looked; what another one found is looked for anew. */
  analyser: number
  /** JSON, packed with zstd. */
  body: Uint8Array
  used_at: number
}

/** The packages of an image: matching them against newer data needs no layer. */
export interface ArtifactInventoryTable {
  digest: string
  analyser: number
  /** JSON, packed with zstd. */
  body: Uint8Array
  created_at: number
}

/** The newest scan of an artifact by a scanner, and its last good report: a scan that fails or is running takes nothing away. */
export interface ScanTable {
  digest: string
  scanner_id: string
  /** What was looked for. */
  kind: 'vulnerability'
  /** UUID of the newest scan, which has its log. */
  report_id: string
  job_id: number | null
  status: 'pending' | 'running' | 'success' | 'error' | 'stopped'
  error: string | null
  started_at: number | null
  finished_at: number | null
  /** What follows is of the last scan that succeeded. */
  reported_at: number | null
  /** Of the vulnerability data; null for other scanners. */
  generation: number | null
  /** When that data was published; null when it does not say. */
  data_time: number | null
  /** Place in the order of severities; null: nothing was found. */
  severity: number | null
  /** JSON: how many of each severity, how many can be mended, what could not be said. */
  summary: string | null
  /** JSON, packed with zstd. */
  body: Uint8Array | null
  created_at: number
  /** How many findings are known to be exploited. */
  exploited: Generated<number>
  /** Orders reports by their findings: critical, high, medium, low, four digits each. Zero: none of these. */
  danger: Generated<number>
  /** JSON: what the last report that differed from the one before brought and took away. */
  changes: Generated<string | null>
}

/** One vulnerability of one package of an artifact, from the last good report: for searches over all artifacts. */
export interface ScanFindingTable {
  digest: string
  scanner_id: string
  vulnerability: string
  package: string
  version: string
  fix_version: string
  severity: number
  /** CVSS v3, in tenths; null when it is not known. */
  score: number | null
  /** In CISA's catalogue. */
  exploited: Flag
  /** EPSS, in ten thousandths. */
  probability: number | null
  /** What its publisher says about mending it; empty in reports from before it was kept. */
  status: string
}

/** Sums over the last good reports of a scanner. An image counts once, however many repositories have it. */
export interface SecurityTotalTable {
  scanner_id: string
  /** Images whose scan was asked for. */
  images: number
  /** Those with a good report. */
  reports: number
  findings: number
  fixable: number
  exploited: number
  critical: number
  high: number
  medium: number
  low: number
  negligible: number
  unknown: number
}

/** A vulnerability in the last good reports of a scanner: in how many images it is, and what the newest of them says of it. */
export interface VulnerabilityTotalTable {
  scanner_id: string
  vulnerability: string
  images: number
  /** Of these, images in which a newer version of a package mends it. */
  fixable: number
  severity: number
  score: number | null
  exploited: Flag
  probability: number | null
}

/** What a layer brought into an image, by its DiffID. */
export interface ScanLayerTable {
  scanner_id: string
  layer: string
  digest: string
  findings: number
  fixable: number
  exploited: number
}

/** What a layer brought into all images that have it. */
export interface LayerTotalTable {
  scanner_id: string
  layer: string
  images: number
  fixable: number
  exploited: number
}

/** Digests of artifacts that left a repository: what scans keep of them may be needed no more. */
export interface ScanReviewTable {
  digest: string
}

/** The newest making of a bill of materials for an artifact of a repository. What was made is an artifact that has this one as its subject. */
export interface SbomRunTable {
  repository_id: number
  digest: string
  /** UUID, by which its log is asked for. */
  report_id: string
  job_id: number | null
  status: 'pending' | 'running' | 'success' | 'error' | 'stopped'
  error: string | null
  started_at: number | null
  finished_at: number | null
  created_at: number
}

/** A VEX document that somebody gave to a project, or to the registry (null). */
export interface VexDocumentTable {
  id: Generated<number>
  project_id: number | null
  name: string
  format: 'openvex' | 'csaf' | 'cyclonedx'
  statements: number
  /** JSON, packed with zstd: the statements that can be compared with something. */
  body: Uint8Array
  username: string
  created_at: number
}

/**
 * A report as one repository sees it: by what VEX statements say, and by the bill of materials that somebody attached. There is none where it
 * is the report itself.
 */
export interface ScanViewTable {
  repository_id: number
  digest: string
  scanner_id: string
  /** Of the report; another one is not spoken of yet. */
  reported_at: number
  /** Of what still counts, as in the table `scan`. */
  severity: number | null
  summary: string
  /** JSON: digests of the referrers that count here. */
  referrers: string
  /** JSON, packed with zstd: what is ruled out, by finding. */
  body: Uint8Array
  /** Digest of the artifact with the bill of materials that is looked at in place of the layers; null: none is. */
  sbom: Generated<string | null>
  /** JSON, packed with zstd: what was found in it. */
  findings: Generated<Uint8Array | null>
}

/** The file of an export, packed with zstd, in pieces that can be read one by one. */
export interface ScanDataChunkTable {
  job_id: number
  position: number
  bytes: Uint8Array
  expires_at: number
}
