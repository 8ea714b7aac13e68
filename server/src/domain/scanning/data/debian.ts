import { z } from 'zod'
import type { FixStatus, Severity } from '../advisories.ts'
import type { AdvisoryFileWriter } from './advisory-file.ts'
import { severityOf } from './merge-details.ts'

/** Names of releases; a newer one is taken from the data when its number is written instead. */
const releases: Readonly<Record<string, string | undefined>> = {
  jessie: '8',
  stretch: '9',
  buster: '10',
  bullseye: '11',
  bookworm: '12',
  trixie: '13',
  forky: '14',
}

const packageSchema = z.record(
  z.string(),
  z.object({
    description: z.string().optional(),
    releases: z
      .record(
        z.string(),
        z.object({
          status: z.string().optional(),
          fixed_version: z.string().optional(),
          urgency: z.string().optional(),
          nodsa: z.string().optional(),
          nodsa_reason: z.string().optional(),
        }),
      )
      .optional(),
  }),
)

/** The whole of security-tracker.debian.org/tracker/data/json: source package → vulnerability → release. */
export const debianTrackerSchema = z.record(z.string(), packageSchema)

export function importDebianTracker(
  source: string,
  packages: z.infer<typeof debianTrackerSchema>,
  writer: AdvisoryFileWriter,
): void {
  for (const [name, vulnerabilities] of Object.entries(packages)) {
    for (const [release, advisories] of advisoriesByRelease(source, vulnerabilities)) {
      writer.advisories(source, `debian ${release}`, name, advisories)
    }
    for (const [id, { description }] of Object.entries(vulnerabilities)) {
      if (description !== undefined) writer.detail(source, bareDetail(id, description))
    }
  }
}

function advisoriesByRelease(source: string, vulnerabilities: z.infer<typeof packageSchema>) {
  const found = new Map<string, ReturnType<typeof debianAdvisory>[]>()
  for (const [id, { releases: byName = {} }] of Object.entries(vulnerabilities)) {
    for (const [codename, state] of Object.entries(byName)) {
      const release = releases[codename]
      if (release === undefined || state.status === 'undetermined') continue
      const fixed = state.status === 'resolved' ? state.fixed_version : undefined
      if (fixed === '0') continue // never affected
      const status = fixed !== undefined ? 'fixed' : statusOf(state.nodsa_reason ?? state.urgency)
      const advisory = debianAdvisory(source, id, fixed, status, severityOf(state.urgency))
      found.set(release, [...(found.get(release) ?? []), advisory])
    }
  }
  return found
}

function debianAdvisory(source: string, id: string, fixed: string | undefined, status: FixStatus, severity: Severity) {
  return {
    id,
    affected: [fixed === undefined ? {} : { fixed }],
    fixedVersions: fixed === undefined ? [] : [fixed],
    status,
    ...(severity === 'Unknown' ? {} : { severity }),
    source,
  }
}

function statusOf(word: string | undefined): FixStatus {
  switch (word) {
    case 'ignored':
      return 'will_not_fix'
    case 'postponed':
      return 'fix_deferred'
    case 'end-of-life':
      return 'end_of_life'
    default:
      return 'affected'
  }
}

const bareDetail = (id: string, description: string) => ({
  id,
  aliases: [],
  title: '',
  description: description.slice(0, 20_000),
  severity: 'Unknown' as const,
  vendorSeverity: {},
  cvss: {},
  cweIds: [],
  references: [`https://security-tracker.debian.org/tracker/${id}`],
})

/** A line for each vulnerability of one release; `fixed: null` says that no version mends it. The release is told beside it. */
export const debianLineSchema = z.object({
  id: z.string().min(1),
  source: z.string().min(1),
  fixed: z.string().nullable(),
  dsa: z.array(z.string()).optional(),
})

export function importDebianLine(
  source: string,
  release: string,
  line: z.infer<typeof debianLineSchema>,
  writer: AdvisoryFileWriter,
): void {
  if (line.fixed === '0') return
  const advisory = debianAdvisory(
    source,
    line.id,
    line.fixed ?? undefined,
    line.fixed === null ? 'affected' : 'fixed',
    'Unknown',
  )
  writer.advisories(source, `debian ${release}`, line.source, [
    line.dsa === undefined ? advisory : { ...advisory, vendorIds: line.dsa },
  ])
}
