import { z } from 'zod'
import { ScannerFailure, type ScannerCapability, type ScannerMetadata } from './scanner-adapter.ts'

/** Reports of vulnerabilities that we read, the richer one first. */
export const vulnerabilityReportTypes = [
  'application/vnd.security.vulnerability.report; version=1.1',
  'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
] as const
export const sbomReportType = 'application/vnd.security.sbom.report+json; version=1.0'

const knownReportTypes: ReadonlySet<string> = new Set([...vulnerabilityReportTypes, sbomReportType])
/** What every adapter can scan, as the specification has it. */
const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json'

const maxListed = 100
const word = z.string().min(1).max(255)
const mediaTypes = z.array(z.string().max(255)).max(maxListed)
const schema = z.object({
  scanner: z.object({ name: word, vendor: word, version: word }),
  capabilities: z
    .array(
      z.object({
        type: z.string().max(100).nullish(),
        consumes_mime_types: mediaTypes,
        produces_mime_types: mediaTypes,
      }),
    )
    .min(1)
    .max(maxListed),
  properties: z.record(z.string().max(255), z.string().max(1_024)).nullish(),
})

/** Checks what an adapter says of itself, as Harbor does. @throws ScannerFailure */
export function readScannerMetadata(json: unknown): ScannerMetadata {
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new ScannerFailure(`its metadata is invalid: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
  }
  const { scanner, capabilities, properties } = parsed.data
  return { scanner, capabilities: capabilities.flatMap(capabilityOf), properties: properties ?? {} }
}

/** Nothing for a type that is not known here: an adapter may have more than we use. */
function capabilityOf(said: z.output<typeof schema>['capabilities'][number]): readonly ScannerCapability[] {
  const consumes = said.consumes_mime_types
  const produces = said.produces_mime_types.map(canonical)
  if (!consumes.includes(dockerManifest))
    throw new ScannerFailure(`its metadata is invalid: a capability does not consume ${dockerManifest}`)
  if (!produces.some((type) => knownReportTypes.has(type)))
    throw new ScannerFailure('its metadata is invalid: a capability produces no type of report that is known here')
  const type = said.type ?? 'vulnerability'
  if (type !== 'vulnerability' && type !== 'sbom') return []
  return [{ type, isNamed: typeof said.type === 'string' && said.type !== '', consumes, produces }]
}

/** One space behind each semicolon, however the adapter writes them. */
const canonical = (mediaType: string): string => mediaType.replaceAll(/\s*;\s*/g, '; ').trim()

export const supports = ({ capabilities }: ScannerMetadata, type: ScannerCapability['type']): boolean =>
  capabilities.some((capability) => capability.type === type)

/** The capability with which it scans images of a media type for vulnerabilities. */
export function capabilityFor({ capabilities }: ScannerMetadata, mediaType: string): ScannerCapability | undefined {
  return capabilities.find(
    ({ type, consumes, produces }) =>
      type === 'vulnerability' &&
      consumes.includes(mediaType) &&
      vulnerabilityReportTypes.some((report) => produces.includes(report)),
  )
}
