import type { ScanFindings } from '../domain/scanning/finding.ts'
import type { ScanArtifactPayload } from '../domain/scanning/scan-job.ts'
import type { Scanner } from '../domain/scanning/scanners.ts'
import type { RunningJob } from './job-kind.ts'

export interface EngineReport {
  readonly findings: ScanFindings
  /** When the oldest data behind it was published (RFC 3339); empty when nobody says. */
  readonly dataTime: string
}

/** Finds out what is wrong with one image: the engine of this program, or an adapter that is asked over the network. */
export interface ScanEngine {
  /** @throws PermanentFailure when another attempt would fail the same way */
  findVulnerabilities(job: RunningJob<ScanArtifactPayload>, scanner: Scanner): Promise<EngineReport>
}
